import { ChevronRight } from "lucide-react";

import { FROM_LG, FROM_MD, FROM_SM, FROM_XL } from "@/features/models/columns";
import {
  abilitiesOf,
  formatRetirement,
  formatTokens,
  priceOf,
  retirementTone,
} from "@/features/models/facts";
import { ModelDetails } from "@/features/models/ModelDetails";
import type { Model } from "@/features/models/queries";
import { Badge } from "@/shared/ui/Badge";
import { cx } from "@/shared/ui/classes";
import { Cell, Row, RowDetails } from "@/shared/ui/Table";

const COLUMNS = 9;

interface ModelRowProps {
  model: Model;
  expanded: boolean;
  onExpand: () => void;
}

/** A model; its facts with their sources, and its providers, when it is expanded. */
export function ModelRow({ model, expanded, onExpand }: ModelRowProps) {
  const { facts, retirement, providers } = model;
  return (
    <tbody>
      <Row className={cx(expanded && "border-b-0")}>
        <Cell className="w-full max-w-0 min-w-32">
          <Name model={model} expanded={expanded} onExpand={onExpand} />
        </Cell>
        <Cell numeric className={FROM_SM}>
          {formatTokens(facts?.context_tokens)}
        </Cell>
        <Cell numeric className={FROM_MD}>
          {formatTokens(facts?.output_tokens)}
        </Cell>
        <Cell className={cx("text-xs whitespace-nowrap text-ink-2", FROM_LG)}>
          {facts?.inputs.join(", ") || "–"}
        </Cell>
        <Cell className={cx("text-xs whitespace-nowrap text-ink-2", FROM_XL)}>
          {abilitiesOf(facts).join(", ") || "–"}
        </Cell>
        <Cell numeric className={FROM_MD}>
          <Price amount={priceOf(model, "input_tokens")} />
        </Cell>
        <Cell numeric className={FROM_MD}>
          <Price amount={priceOf(model, "output_tokens")} />
        </Cell>
        <Cell className={cx("text-xs whitespace-nowrap", FROM_LG)}>
          {providers.map((one) => one.provider).join(", ")}
        </Cell>
        <Cell className="whitespace-nowrap">
          {retirement ? (
            <Badge tone={retirementTone(retirement)}>{formatRetirement(retirement)}</Badge>
          ) : (
            <span className="text-ink-3">–</span>
          )}
        </Cell>
      </Row>
      {expanded && (
        <tr className="border-b border-line">
          <td colSpan={COLUMNS} className="pb-4">
            <RowDetails>
              <ModelDetails model={model} />
            </RowDetails>
          </td>
        </tr>
      )}
    </tbody>
  );
}

function Name({ model, expanded, onExpand }: ModelRowProps) {
  return (
    <button
      type="button"
      aria-expanded={expanded}
      title={model.id}
      onClick={onExpand}
      className="-ml-1 flex max-w-full items-center gap-1 rounded-sm text-left hover:text-accent"
    >
      <ChevronRight
        size={14}
        className={cx("shrink-0 text-ink-3 transition-transform", expanded && "rotate-90")}
      />
      <span className="truncate font-mono text-xs">{model.id}</span>
    </button>
  );
}

function Price({ amount }: { amount: string | null }) {
  return amount === null ? <span className="text-ink-3">–</span> : amount;
}
