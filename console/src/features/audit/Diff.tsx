import { changesBetween, type Change } from "@/features/audit/diff";
import type { AuditEvent } from "@/features/audit/queries";
import { cx } from "@/shared/ui/classes";
import { Copyable } from "@/shared/ui/Copyable";

/** The fields that an event changed, and its identifiers. */
export function Diff({ event }: { event: AuditEvent }) {
  const changes = changesBetween(event.before, event.after);
  return (
    <div className="flex flex-col gap-3">
      {changes.length > 0 && (
        <table aria-label="Changes" className="w-fit max-w-full text-sm">
          <thead className="text-left text-xs text-ink-3">
            <tr>
              <th scope="col" className="h-6 w-44 font-medium">
                Field
              </th>
              {event.before && <SideHeader name="Before" />}
              {event.after && <SideHeader name="After" />}
            </tr>
          </thead>
          <tbody>
            {changes.map((change) => (
              <ChangeRow key={change.field} change={change} event={event} />
            ))}
          </tbody>
        </table>
      )}
      <dl className="grid w-fit max-w-full grid-cols-[11rem_1fr] text-xs text-ink-3">
        <Identifier name="Subject" value={event.subject} />
        <Identifier name="Event" value={event.id} />
        <Identifier name="Hash" value={event.hash} />
      </dl>
    </div>
  );
}

function SideHeader({ name }: { name: string }) {
  return (
    <th scope="col" className="h-6 pr-8 font-medium">
      {name}
    </th>
  );
}

function ChangeRow({ change, event }: { change: Change; event: AuditEvent }) {
  return (
    <tr className="align-top">
      <th scope="row" className="w-44 py-0.5 pr-4 text-left font-normal text-ink-2">
        {change.field}
      </th>
      {event.before && <SideCell text={change.before} tone="before" />}
      {event.after && <SideCell text={change.after} tone="after" />}
    </tr>
  );
}

function SideCell({ text, tone }: { text: string | undefined; tone: "before" | "after" }) {
  return (
    <td className="max-w-96 py-0.5 pr-8 font-mono text-xs break-words">
      {text === undefined ? (
        <span className="text-ink-3">–</span>
      ) : (
        <span
          className={cx(
            "rounded-sm px-1 leading-5",
            tone === "after" ? "bg-ok-soft text-ok" : "bg-danger-soft text-danger",
          )}
        >
          {text}
        </span>
      )}
    </td>
  );
}

function Identifier({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt className="leading-6">{name}</dt>
      <dd className="min-w-0">
        <Copyable value={value} label={name.toLowerCase()} />
      </dd>
    </>
  );
}
