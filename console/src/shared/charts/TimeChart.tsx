import { BarChart, LineChart } from "echarts/charts";
import { BrushComponent, GridComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type ECharts } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef, useState } from "react";

import { chartOption, type TimeSeries } from "@/shared/charts/option";
import { useDark } from "@/shared/theme";

register([BarChart, LineChart, GridComponent, TooltipComponent, BrushComponent, SVGRenderer]);

export interface TimeChartProps {
  label: string;
  /** Beginnings of the stretches, RFC 3339, in order. */
  starts: readonly string[];
  bucketMs: number;
  series: readonly TimeSeries[];
  format: (value: number) => string;
  /** Called with the first and the last stretch that was dragged over. */
  onSelect: (first: number, last: number) => void;
}

const DRAG = { brushType: "lineX", brushMode: "single" };

/** Values over time. Dragging chooses a time. */
export default function TimeChart(props: TimeChartProps) {
  const { label, starts, bucketMs, series, format, onSelect } = props;
  const dark = useDark();
  const [host, setHost] = useState<HTMLDivElement | null>(null);
  const chart = useRef<ECharts>(null);
  useEffect(() => {
    if (!host) return;
    const made = init(host);
    chart.current = made;
    const resizing = new ResizeObserver(() => made.resize());
    resizing.observe(host);
    return () => {
      resizing.disconnect();
      made.dispose();
    };
  }, [host]);
  useEffect(() => {
    const styles = getComputedStyle(document.documentElement);
    const colour = (name: string) => styles.getPropertyValue(name).trim();
    chart.current?.setOption(chartOption({ starts, bucketMs, series, format }, colour), true);
    chart.current?.dispatchAction({
      type: "takeGlobalCursor",
      key: "brush",
      brushOption: DRAG,
    });
  }, [starts, bucketMs, series, format, dark, host]);
  useEffect(() => {
    const made = chart.current;
    const choose = (event: unknown) => {
      const [first, last] = draggedOver(event);
      made?.dispatchAction({ type: "brush", areas: [] });
      if (first !== undefined && last !== undefined) onSelect(first, last);
    };
    made?.on("brushEnd", choose);
    return () => {
      if (made && !made.isDisposed()) made.off("brushEnd", choose);
    };
  }, [onSelect, host]);
  return <div ref={setHost} role="img" aria-label={label} className="h-full w-full" />;
}

/** The stretches of a drag, by their index; none where it was a mere click. */
function draggedOver(event: unknown): readonly number[] {
  const { areas } = event as { areas: readonly { coordRange?: number[] }[] };
  return areas[0]?.coordRange ?? [];
}
