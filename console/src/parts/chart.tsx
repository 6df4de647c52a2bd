// Charts over time. What they show is also there as a table, for who can't see them.
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { brief, day } from "../format";
import { isDark } from "../state/theme";

export interface Line { label: string; values: (number | null)[]; color: string; kind: "line" | "bars"; text: (at: number) => string }

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const DAY_S = 86_400;

interface ChartProps { times: number[]; lines: Line[]; label: string; scale: number; height: number; step_s?: number; mark?: (at: Date) => string; say?: (at: Date) => string }

/** `times` in seconds since 1970, `step_s` apart; `mark` writes one at the axis, `say` above the chart. */
export function Chart({ times, lines, label, scale, height, step_s = DAY_S, mark = day, say = mark }: ChartProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const dark = isDark.value;
  useEffect(() => {
    const host = frame.current;
    if (!host) return undefined;
    const axis = { stroke: token("--muted"), grid: { stroke: token("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const bars = lines.filter((line) => line.kind === "bars").length;
    // Side by side, with their time in the middle of all of them.
    const width_s = (0.72 / bars) * step_s;
    const paths = (line: Line, at: number): uPlot.Series.PathBuilder | undefined => line.kind === "bars"
      ? uPlot.paths.bars?.({ disp: { x0: { unit: 1, values: () => times.map((time) => time + (at - bars / 2) * width_s) }, size: { unit: 1, values: () => [width_s] } } }) : undefined;
    let bar = 0;
    const show = (plot: uPlot): void => {
      const at = plot.cursor.idx;
      const place = at === null || at === undefined ? times.length - 1 : at;
      if (!readout.current || times[place] === undefined) return;
      readout.current.replaceChildren(...[["", say(new Date((times[place] ?? 0) * 1_000)), "muted"], ...lines.map((line) => [line.color, `${line.label} ${line.text(place)}`, ""])].map(([color, text, kind]) => {
        const item = document.createElement("span");
        item.className = `legend ${kind}`;
        if (color) { const dot = document.createElement("i"); dot.style.background = token(color); item.append(dot); }
        item.append(text ?? "");
        return item;
      }));
    };
    const options: uPlot.Options = {
      width: Math.max(240, host.clientWidth), height, legend: { show: false }, cursor: { y: false, points: { size: 7 }, sync: { key: `every ${step_s}` } }, padding: [10, 14, 0, 0],
      // So that the first and the last bar are whole.
      scales: { x: { range: (_plot, first, last) => [first - step_s / 2, last + step_s / 2] }, y: { range: (_plot, low, high) => [Math.min(0, low), high <= 0 ? 1 : high * 1.08] } },
      axes: [{ ...axis, values: (_plot, splits) => splits.map((at) => mark(new Date(at * 1_000))), space: 70, size: 30 }, { ...axis, size: 56, values: (_plot, splits) => splits.map((value) => brief(value / scale)) }],
      series: [{}, ...lines.map((line): uPlot.Series => ({
        label: line.label, stroke: token(line.color), width: line.kind === "line" ? 2 : 0, scale: "y",
        fill: line.kind === "bars" ? token(line.color) : `${token(line.color)}1f`, points: { show: line.kind === "line" && times.length < 3 }, ...(line.kind === "bars" ? { paths: paths(line, bar++) } : {}),
      }))],
      hooks: { setCursor: [show], ready: [show] },
    };
    const plot = new uPlot(options, [times, ...lines.map((line) => line.values)], host);
    const sized = new ResizeObserver(() => plot.setSize({ width: Math.max(240, host.clientWidth), height }));
    sized.observe(host);
    return () => { sized.disconnect(); plot.destroy(); };
  }, [times, lines, dark, scale, height, step_s]);
  return <figure class="chart">
    <div ref={readout} class="readout" aria-hidden="true" />
    <div ref={frame} class="chart-frame" role="img" aria-label={label} />
  </figure>;
}

/** A small picture of some counts, one bar each. */
export function Bars({ values, label }: { values: number[]; label: string }): JSX.Element {
  const most = Math.max(1, ...values);
  const width = 100 / values.length;
  return <svg class="bars" viewBox="0 0 100 28" preserveAspectRatio="none" role="img" aria-label={label}>
    {values.map((value, at) => { const height = value > 0 ? Math.max(2, (value / most) * 28) : 0.6; return <rect key={at} x={at * width + width * 0.12} width={width * 0.76} y={28 - height} height={height} class={value > 0 ? "some" : ""} />; })}
  </svg>;
}
