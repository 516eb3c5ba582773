import { PAGES } from "@/app/pages";
import { Dialog } from "@/shared/ui/Dialog";

const EVERYWHERE = [
  ...PAGES.map((page) => ({ keys: page.keys, does: page.name })),
  { keys: "?", does: "This list" },
];
const IN_TRACES = [
  { keys: "/", does: "Search in input and output" },
  { keys: "j", does: "Next" },
  { keys: "k", does: "Previous" },
  { keys: "Enter", does: "Open" },
  { keys: "l", does: "Live tail on and off" },
  { keys: "Esc", does: "Back to the list" },
];

export function ShortcutsDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard shortcuts">
      <div className="grid gap-8 sm:grid-cols-2">
        <Shortcuts title="Go to" shortcuts={EVERYWHERE} />
        <Shortcuts title="In traces" shortcuts={IN_TRACES} />
      </div>
    </Dialog>
  );
}

interface ShortcutsProps {
  title: string;
  shortcuts: readonly { keys: string; does: string }[];
}

function Shortcuts({ title, shortcuts }: ShortcutsProps) {
  return (
    <section>
      <h3 className="mb-1 text-xs font-medium text-ink-3">{title}</h3>
      <dl>
        {shortcuts.map(({ keys, does }) => (
          <div key={keys} className="flex h-8 items-center justify-between border-b border-line">
            <dt>{does}</dt>
            <dd className="flex gap-1">
              {keys.split(" ").map((key) => (
                <kbd
                  key={key}
                  className="grid h-5 min-w-5 place-items-center rounded-sm border border-line-strong bg-sunken px-1 font-sans text-xs text-ink-2"
                >
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
