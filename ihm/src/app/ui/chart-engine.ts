import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { count } from '@core/format';
import type { ChartData } from './chart';

use([BarChart, LineChart, GridComponent, TooltipComponent, SVGRenderer]);

/** A chart on its element. */
export interface Drawn {
  readonly canvas: HTMLElement;
  show(data: ChartData): void;
  dispose(): void;
}

/** Draw on an element, following its size. */
export function start(canvas: HTMLElement, pick?: (label: string) => void): Drawn {
  const chart = init(canvas, undefined, { renderer: 'svg' });
  if (pick) {
    chart.on('click', ({ name }: { name: string }) => pick(name));
  }
  const sizes = new ResizeObserver(() => chart.resize());
  sizes.observe(canvas);
  return {
    canvas,
    show: (data) => chart.setOption(optionOf(data, canvas), { notMerge: true }),
    dispose: () => {
      sizes.disconnect();
      chart.dispose();
    },
  };
}

/** ECharts cannot resolve `light-dark()`: a probe element reads what the token is now. */
function colourOf(token: string, canvas: HTMLElement): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${token})`;
  canvas.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function optionOf(data: ChartData, canvas: HTMLElement): Record<string, unknown> {
  const colour = (token: string) => colourOf(token, canvas);
  const fontFamily = getComputedStyle(canvas).fontFamily; // ECharts measures labels itself: it must know the font
  const text = { color: colour('--text-2'), fontFamily, fontSize: 13 };
  const labels = { type: 'category', data: data.rows.map((row) => row.label), axisLabel: text, axisTick: { show: false }, axisLine: { lineStyle: { color: colour('--line') } } };
  const values = { type: 'value', axisLabel: { ...text, formatter: (value: number) => count(value) }, splitNumber: 3, minInterval: 1, splitLine: { lineStyle: { color: colour('--line') } } };
  const lies = data.kind === 'bars';
  return {
    animation: false,
    textStyle: { fontFamily },
    grid: { left: 4, right: lies ? 44 : 12, top: 10, bottom: 4, containLabel: true },
    tooltip: { trigger: 'axis', axisPointer: { type: lies ? 'shadow' : 'line' }, valueFormatter: (value: number) => count(value), backgroundColor: colour('--surface'), borderColor: colour('--line'), textStyle: { color: colour('--text'), fontFamily: 'inherit', fontSize: 14 }, renderMode: 'richText' },
    xAxis: lies ? { ...values, axisLabel: { show: false }, splitLine: { show: false } } : labels,
    yAxis: lies ? { ...labels, inverse: true, axisLine: { show: false } } : values,
    series: data.series.map((name, place) => seriesOf(data, name, place, colour)),
  };
}

function seriesOf(data: ChartData, name: string, place: number, colour: (token: string) => string): object {
  const own = colour(data.colours[place] ?? '--ok-fill');
  const isLast = place === data.series.length - 1;
  const values = data.rows.map((row) => row.values[place] ?? null);
  if (data.kind === 'area') {
    return { name, type: 'line', data: values, smooth: 0.25, symbol: 'none', lineStyle: { color: own, width: 2 }, itemStyle: { color: own }, areaStyle: { color: own, opacity: 0.14 } };
  }
  const total = (at: number) => data.rows[at]?.values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return {
    name, type: 'bar', stack: 'all', data: values, barMaxWidth: 16, itemStyle: { color: own, borderRadius: 2 },
    label: { show: data.kind === 'bars' && isLast, position: 'right', color: colour('--text-2'), fontSize: 13, formatter: ({ dataIndex }: { dataIndex: number }) => count(total(dataIndex)) },
  };
}
