// What the page to compare forces uses of D3, and nothing else.
export { extent, max, min } from "d3-array";
export { axisBottom, axisLeft } from "d3-axis";
export { scaleLinear, scaleUtc } from "d3-scale";
export { select } from "d3-selection";
export { line } from "d3-shape";
