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
  /** Start times of the buckets (RFC 3339), in order. */
  starts: readonly string[];
  bucketMs: number;
  series: readonly TimeSeries[];
  format: (value: number) => string;
  /** Called with the indexes of the first and last bucket of a drag. Left out, nothing can be
   * selected. */
  onSelect?: (first: number, last: number) => void;
}

const DRAG = { brushType: "lineX", brushMode: "single" };

/** A chart of values over time. Dragging selects a time range, if that has a use. */
export default function TimeChart(props: TimeChartProps) {
  const { label, starts, bucketMs, series, format, onSelect } = props;
  const selectable = onSelect !== undefined;
  const dark = useDark();
  const [host, setHost] = useState<HTMLDivElement | null>(null);
  const chart = useRef<ECharts>(null);
  useEffect(() => {
    if (!host) return;
    const instance = init(host);
    chart.current = instance;
    const observer = new ResizeObserver(() => instance.resize());
    observer.observe(host);
    return () => {
      observer.disconnect();
      instance.dispose();
    };
  }, [host]);
  useEffect(() => {
    const styles = getComputedStyle(document.documentElement);
    const colour = (name: string) => styles.getPropertyValue(name).trim();
    chart.current?.setOption(chartOption({ starts, bucketMs, series, format }, colour), true);
    if (!selectable) return;
    chart.current?.dispatchAction({
      type: "takeGlobalCursor",
      key: "brush",
      brushOption: DRAG,
    });
  }, [starts, bucketMs, series, format, dark, host, selectable]);
  useEffect(() => {
    const instance = chart.current;
    const onBrushEnd = (event: unknown) => {
      const [first, last] = selectedBuckets(event);
      instance?.dispatchAction({ type: "brush", areas: [] });
      if (first !== undefined && last !== undefined) onSelect?.(first, last);
    };
    instance?.on("brushEnd", onBrushEnd);
    return () => {
      if (instance && !instance.isDisposed()) instance.off("brushEnd", onBrushEnd);
    };
  }, [onSelect, host]);
  return <div ref={setHost} role="img" aria-label={label} className="h-full w-full" />;
}

/** The indexes of the dragged buckets; empty for a click. */
function selectedBuckets(event: unknown): readonly number[] {
  const { areas } = event as { areas: readonly { coordRange?: number[] }[] };
  return areas[0]?.coordRange ?? [];
}
