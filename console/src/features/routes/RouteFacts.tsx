import { RouteConcurrency } from "@/features/routes/RouteConcurrency";
import { RouteLimits } from "@/features/routes/RouteLimits";
import { strategyOf } from "@/features/routes/strategies";
import type { Route } from "@/shared/calls/routes";
import { Fact, Facts } from "@/shared/ui/Facts";
import { RelativeTime } from "@/shared/ui/Values";

/** The settings of a route in one row. */
export function RouteFacts({ route }: { route: Route }) {
  const { name, sentence } = strategyOf(route.strategy);
  return (
    <Facts>
      <Fact name="Strategy">
        {name}
        <p className="max-w-md text-xs font-normal text-ink-2">{sentence}</p>
      </Fact>
      <Fact name="Attempts">
        <span className="num">at most {route.max_attempts}</span>
      </Fact>
      <Fact name="Time limits">
        <RouteLimits route={route} />
      </Fact>
      <Fact name="Health check">
        {route.health_check === "" ? (
          <span className="text-ink-3">–</span>
        ) : (
          <span className="num">
            {route.health_check === "call" ? "Small call" : "List of models"} after{" "}
            {route.health_check_s} s
          </span>
        )}
      </Fact>
      <Fact name="Hedging">
        {route.hedge_percent === 0 ? (
          <span className="text-ink-3">–</span>
        ) : (
          <span className="num">at most {route.hedge_percent} % of streams</span>
        )}
      </Fact>
      {route.cache_s > 0 && (
        <Fact name="Cached answers">
          <span className="num">{route.cache_s} s</span>
        </Fact>
      )}
      <Fact name="Calls at once">
        <RouteConcurrency route={route} />
      </Fact>
      <Fact name="Shadow">
        {route.shadow ? (
          <span className="num">
            {route.shadow.percent} % to{" "}
            <span className="font-mono">
              {route.shadow.provider}/{route.shadow.model}
            </span>
          </span>
        ) : (
          <span className="text-ink-3">–</span>
        )}
      </Fact>
      <Fact name="Updated">
        <RelativeTime at={route.updated_at} />
      </Fact>
    </Facts>
  );
}
