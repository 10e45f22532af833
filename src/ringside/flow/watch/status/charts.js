/* The charts: uPlot over the page's history, all with one cursor. */
import uPlot from 'uplot';
import { bits, count, cores, fixed, ms } from './text.js';
import { KEEP_S } from './history.js';
import { isGateway } from './multicast.js';
import { isEdge } from './tiles.js';

const COLOURS = ['#5aa9ff', '#3ecf8e', '#f5b83d', '#b18cff', '#ff7a8a', '#4fd6d6'];
const HEIGHT = 150;
const LEAST_S = 60; // a young history is not squeezed into a corner of ten minutes

const round = (bps) => (bps === 0 ? '0' : bits(bps).replace(/\.0+(?= )/, ''));
const rungs = (columns) => Object.keys(columns)
  .filter((name) => name.startsWith('rung:'))
  .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  .map((name) => [name, name.slice(5), bits]);

const EGRESS = { title: 'Egress', axis: round, series: () => [['egress_bps', 'egress', bits]] };
const VIEWERS = { title: 'Viewers', axis: count, series: () => [['viewers', 'viewers', count], ['held', 'held requests', count]] };

/** What is drawn: series are [column, label, how it is written]; `series` may depend on the columns there are. */
const OF_EVENT = [
  EGRESS,
  VIEWERS,
  { title: 'Part lateness', axis: ms, series: () => [['lateness_p99', 'p99', ms], ['lateness_p50', 'p50', ms]] },
  { title: 'Encoder speed and cores', axis: (value) => fixed(value, 1), series: () => [['speed', 'speed ×', (value) => fixed(value, 2)], ['encoder_cores', 'encoder', cores], ['all_cores', 'all', cores]] },
  { title: 'Bitrate per rung', axis: round, wide: true, series: rungs },
];
const OF_EDGE = [
  EGRESS,
  VIEWERS,
  { title: 'Loop lag', axis: ms, series: () => [['loop_lag', 'p99 of the slowest worker', ms]] },
  { title: 'Cores', axis: (value) => fixed(value, 2), series: () => [['all_cores', 'all workers', cores]] },
  { title: 'Requests a second', axis: count, wide: true, series: () => [['requests', 'from viewers', count], ['upstream', 'to the origin', (value) => fixed(value, 1)]] },
];
const OF_GATEWAY = [
  ...OF_EDGE.slice(0, -1),
  { title: 'From the origin', axis: round, wide: true, series: () => [['group_bps', 'by the group', bits], ['unicast_bps', 'by unicast', bits]] },
];
const specsOf = (message) => (isGateway(message) ? OF_GATEWAY : isEdge(message) ? OF_EDGE : OF_EVENT);

class Chart {
  #spec; #root; #legend; #place; #plot = null; #series = []; #columns = {}; #times = [];

  constructor(spec) {
    this.#spec = spec;
    this.#root = document.createElement('section');
    this.#root.className = spec.wide ? 'chart wide' : 'chart';
    const head = document.createElement('header');
    const title = document.createElement('h2');
    title.textContent = spec.title;
    this.#legend = document.createElement('p');
    this.#place = document.createElement('div');
    head.append(title, this.#legend);
    this.#root.append(head, this.#place);
    new ResizeObserver(() => this.#plot?.setSize({ width: this.#place.clientWidth, height: HEIGHT })).observe(this.#place);
  }

  get element() {
    return this.#root;
  }

  draw({ times_s, columns }) {
    const series = this.#spec.series(columns);
    [this.#times, this.#columns] = [times_s, columns];
    if (!this.#plot || series.map(String).join() !== this.#series.map(String).join()) this.#make(series);
    const now_s = times_s.at(-1) ?? 0;
    this.#plot.batch(() => {
      this.#plot.setData([times_s, ...series.map(([column]) => columns[column] ?? new Array(times_s.length).fill(null))], false);
      this.#plot.setScale('x', { min: Math.max(now_s - KEEP_S, Math.min(times_s[0] ?? now_s, now_s - LEAST_S)), max: now_s });
    });
    this.#write(this.#plot.cursor.idx);
  }

  #make(series) {
    this.#series = series;
    this.#plot?.destroy();
    const axis = { stroke: '#7d8996', font: '11px system-ui, sans-serif', grid: { stroke: '#1c232b', width: 1 }, ticks: { show: false } };
    const options = {
      width: this.#place.clientWidth || 400,
      height: HEIGHT,
      legend: { show: false },
      cursor: { sync: { key: 'status' }, y: false, points: { size: 6 }, drag: { x: false, y: false } },
      padding: [8, 12, 0, 0],
      scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.15 : 1] } },
      axes: [
        { ...axis, size: 24, space: 70, values: (_, splits) => splits.map(clock) },
        { ...axis, size: 74, space: 34, values: (_, splits) => splits.map((value) => this.#spec.axis(value)) },
      ],
      series: [{}, ...series.map((_, at) => ({
        stroke: COLOURS[at % COLOURS.length], width: 1.5, points: { show: false }, fill: at === 0 && !this.#spec.wide ? `${COLOURS[0]}1f` : undefined,
      }))],
      hooks: { setCursor: [(plot) => this.#write(plot.cursor.idx)] },
    };
    this.#plot = new uPlot(options, [[], ...series.map(() => [])], this.#place);
  }

  /* the legend is ours, as text: uPlot's own takes labels for markup */
  #write(at) {
    const index = at ?? this.#times.length - 1;
    const items = this.#series.map(([column, label, write], order) => {
      const [item, dot, value] = ['span', 'i', 'b'].map((tag) => document.createElement(tag));
      dot.style.background = COLOURS[order % COLOURS.length];
      value.textContent = write(this.#columns[column]?.[index]);
      item.append(dot, label, ' ', value);
      return item;
    });
    this.#legend.replaceChildren(...items);
  }
}

const clock = (time_s) => new Date(time_s * 1000).toTimeString().slice(0, time_s % 60 ? 8 : 5);

/** Charts into `root`; gives back the function that draws a history, with the charts that fit the newest message. */
export function charts(root) {
  let [all, specs] = [[], null];
  return (history, message) => {
    const wanted = specsOf(message);
    if (specs !== wanted) {
      specs = wanted;
      all = wanted.map((spec) => new Chart(spec));
      root.replaceChildren(...all.map((chart) => chart.element));
    }
    all.forEach((chart) => chart.draw(history));
  };
}
