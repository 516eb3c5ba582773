import { ChevronRight } from "lucide-react";

import { TestResult } from "@/features/providers/TestResult";
import { useTestProvider, type Provider } from "@/features/providers/queries";
import { UsageCells } from "@/features/providers/UsageCells";
import { Badge } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import { cx } from "@/shared/ui/classes";
import { ErrorNotice } from "@/shared/ui/ErrorState";
import { MenuItem } from "@/shared/ui/Menu";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";
import { Cell, Row, RowDetails } from "@/shared/ui/Table";

interface ProviderRowProps {
  provider: Provider;
  expanded: boolean;
  onExpand: () => void;
  onEdit: ((provider: Provider) => void) | undefined;
  onRemove: ((provider: Provider) => void) | undefined;
}

/** A provider, with its test result and its list of models hasDetails it. */
export function ProviderRow({ provider, expanded, onExpand, onEdit, onRemove }: ProviderRowProps) {
  const test = useTestProvider(provider.name);
  const hasDetails = test.data !== undefined || test.isError || expanded;
  return (
    <tbody>
      <Row className={cx(hasDetails && "border-b-0")}>
        <Cell>
          <Name provider={provider} />
        </Cell>
        <Cell className="w-full max-w-0 max-lg:hidden">
          <div className="truncate font-mono text-xs" title={provider.base_url}>
            {provider.base_url}
          </div>
        </Cell>
        <Cell className="font-mono text-xs whitespace-nowrap max-xl:hidden">
          {provider.api_key_hint || <span className="font-sans text-sm text-ink-3">none</span>}
        </Cell>
        <Cell>
          <ModelCount provider={provider} expanded={expanded} onExpand={onExpand} />
        </Cell>
        <UsageCells name={provider.name} />
        <Cell className="w-px whitespace-nowrap">
          {onEdit && onRemove && (
            <div className="flex items-center justify-end gap-1">
              <Button
                className="px-2.5"
                busy={test.isPending}
                aria-label={`Test ${provider.name}`}
                onClick={() => test.mutate()}
              >
                {test.isPending ? "Testing…" : "Test"}
              </Button>
              <RowMenu subject={provider.name}>
                <MenuItem onSelect={() => onEdit(provider)}>Edit…</MenuItem>
                <DangerMenuItem onSelect={() => onRemove(provider)}>Remove…</DangerMenuItem>
              </RowMenu>
            </div>
          )}
        </Cell>
      </Row>
      {hasDetails && (
        <tr className="border-b border-line">
          <td colSpan={8} className="pb-3">
            <RowDetails>
              <div className="flex flex-col gap-2 pt-1">
                {test.data && <TestResult check={test.data} onClose={test.reset} />}
                {test.isError && <ErrorNotice error={test.error} onClose={test.reset} />}
                {expanded && <ModelList models={provider.models} />}
              </div>
            </RowDetails>
          </td>
        </tr>
      )}
    </tbody>
  );
}

const TAG_CLASSES = "rounded-sm border border-line-strong px-1 text-2xs text-ink-2";

function Name({ provider }: { provider: Provider }) {
  return (
    <div className="flex items-center gap-2">
      <span className="font-medium whitespace-nowrap">{provider.name}</span>
      {provider.found && (
        <span className={TAG_CLASSES} title="Detected at startup and updated automatically.">
          detected
        </span>
      )}
      {provider.private_allowed && (
        <span className={TAG_CLASSES} title="An admin has allowed this private address.">
          private
        </span>
      )}
    </div>
  );
}

type ModelCountProps = Pick<ProviderRowProps, "provider" | "expanded" | "onExpand">;

function ModelCount({ provider, expanded, onExpand }: ModelCountProps) {
  const count = provider.models.length;
  if (count === 0) return <Badge tone="warn">no models: run a test</Badge>;
  return (
    <button
      type="button"
      aria-expanded={expanded}
      onClick={onExpand}
      className="-ml-1 inline-flex items-center gap-1 rounded-sm whitespace-nowrap hover:text-accent"
    >
      <ChevronRight
        size={14}
        className={cx("text-ink-3 transition-transform", expanded && "rotate-90")}
      />
      <span className="num">{count}</span> {count === 1 ? "model" : "models"}
      {provider.models_pinned && <span className="text-xs text-ink-3">fixed list</span>}
    </button>
  );
}

function ModelList({ models }: { models: string[] }) {
  return (
    <ul
      aria-label="Models"
      className="thin-scroll max-h-64 columns-[220px] gap-6 overflow-y-auto rounded-md bg-sunken p-3 font-mono text-xs"
    >
      {models.map((model) => (
        <li key={model} className="truncate leading-5" title={model}>
          {model}
        </li>
      ))}
    </ul>
  );
}
