import type { ReactNode } from "react";

import { formatKnown, priceAt } from "@/features/models/facts";
import type { Facts, Model, Retirement } from "@/features/models/queries";
import { formatCount } from "@/shared/format/number";
import { Copyable } from "@/shared/ui/Copyable";

/** Facts with their sources, prices by provider, and the retirement of a model. */
export function ModelDetails({ model }: { model: Model }) {
  return (
    <div className="grid gap-x-10 gap-y-4 rounded-md bg-sunken p-4 text-sm lg:grid-cols-2">
      <section className="flex flex-col gap-3">
        {model.retirement && <RetirementNotice retirement={model.retirement} />}
        {model.facts ? (
          <FactList facts={model.facts} />
        ) : (
          <p className="text-ink-2">Nothing is known of this model.</p>
        )}
      </section>
      <Providers model={model} />
    </div>
  );
}

function RetirementNotice({ retirement }: { retirement: Retirement }) {
  const { days, on, replacement } = retirement;
  return (
    <p>
      The vendor {days < 0 ? "retired" : "retires"} this model on <b className="num">{on}</b>.
      {replacement && (
        <>
          {" "}
          Use <span className="font-mono text-xs">{replacement}</span> instead.
        </>
      )}
    </p>
  );
}

function FactList({ facts }: { facts: Facts }) {
  const rows: [string, ReactNode][] = [
    ["Name", facts.title || "–"],
    ["Vendor", facts.vendor],
    ["Context window", tokens(facts.context_tokens)],
    ["Max output", tokens(facts.output_tokens)],
    ["Reads", facts.inputs.join(", ") || "–"],
    ["Writes", facts.outputs.join(", ") || "–"],
    ["Tools", formatKnown(facts.tools)],
    ["Structured output", formatKnown(facts.structured_output)],
    ["Reasoning", formatKnown(facts.reasoning)],
    ["Open weights", formatKnown(facts.open_weights)],
    ["Licence", facts.licence || "–"],
    ["Can be tuned", formatKnown(facts.tunable)],
    ["Log probabilities", formatKnown(facts.logprobs)],
    ["Regions", facts.regions.join(", ") || "–"],
    ["Privacy", facts.privacy || "–"],
    ["Deprecated on", facts.deprecated_on ?? "–"],
  ];
  return (
    <>
      <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1">
        {rows.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-ink-3">{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {facts.note && <p className="text-ink-2">{facts.note}</p>}
      <Sources facts={facts} />
    </>
  );
}

function Sources({ facts }: { facts: Facts }) {
  return (
    <div className="text-xs text-ink-3">
      Sources:
      <ul className="mt-1 flex flex-col gap-0.5">
        {[...facts.sources, ...facts.vendor_sources].map(({ url, date }) => (
          <li key={url} className="truncate">
            <a
              href={url}
              target="_blank"
              rel="noreferrer"
              className="hover:text-accent"
              title={url}
            >
              {url}
            </a>{" "}
            <span className="num">({date})</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Providers({ model }: { model: Model }) {
  return (
    <section className="flex flex-col gap-3">
      {model.providers.map((one) => (
        <div key={one.provider}>
          <div className="flex items-center gap-2">
            <span className="font-medium">{one.provider}</span>
            {!one.by_vendor && model.facts && (
              <span className="text-xs text-ink-3" title="Its own limits may differ.">
                not the vendor’s own API
              </span>
            )}
          </div>
          <Copyable value={one.send_as} label="Copy the model’s name" />
          {one.prices === null ? (
            <p className="text-xs text-ink-3">unpriced</p>
          ) : (
            <ul className="text-xs text-ink-2">
              {one.prices.map((price) => (
                <li key={price.unit} className="num">
                  {price.per === 1
                    ? `$${price.price} for each of ${price.unit.replaceAll("_", " ")}`
                    : `${priceAt(one, price.unit)} per million ${price.unit.replaceAll("_", " ")}`}
                  {price.tiered && " (another price for long inputs)"}
                </li>
              ))}
            </ul>
          )}
        </div>
      ))}
    </section>
  );
}

function tokens(count: number | null): string {
  return count === null ? "–" : `${formatCount(count)} tokens`;
}
