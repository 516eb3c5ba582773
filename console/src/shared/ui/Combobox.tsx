import { useId, useState, type KeyboardEvent, type ReactNode } from "react";

import { hasWords } from "@/shared/format/words";
import { cx } from "@/shared/ui/classes";
import { INPUT_CLASSES } from "@/shared/ui/Field";

const SHOWN = 100;

interface ComboboxProps {
  label: string;
  /** The name of the control in its form. */
  name: string;
  value: string;
  options: readonly string[];
  onChange: (value: string) => void;
  placeholder?: string;
  required?: boolean;
  invalid?: boolean;
  /** Draws an option; its text if left out. */
  render?: (option: string) => ReactNode;
  className?: string;
}

/** A text field that suggests values. The words of its text select the suggestions; any other text
 * is a value, too. */
export function Combobox(props: ComboboxProps) {
  const { label, value, options, onChange, invalid, render, className, ...rest } = props;
  const id = useId();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState(false);
  const [active, setActive] = useState(-1);
  const found = typed ? options.filter((option) => hasWords(option, value)) : options;
  const shown = found.slice(0, SHOWN);
  const close = () => {
    setOpen(false);
    setTyped(false);
    setActive(-1);
  };
  const select = (option: string) => {
    onChange(option);
    close();
  };
  const move = (to: number) => {
    setOpen(true);
    setActive(Math.max(0, Math.min(to, shown.length - 1)));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const option = open ? shown[active] : undefined;
    if (event.key === "ArrowDown") move(active + 1);
    else if (event.key === "ArrowUp") move(active - 1);
    else if (event.key === "Escape" && open) close();
    else if (event.key === "Enter" && option !== undefined) select(option);
    else return;
    event.preventDefault();
  };
  return (
    <div className={cx("relative min-w-0 flex-1", className)}>
      <input
        role="combobox"
        aria-label={label}
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
        aria-autocomplete="list"
        aria-invalid={invalid}
        value={value}
        {...rest}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => {
          onChange(event.target.value);
          setTyped(true);
          setOpen(true);
          setActive(-1);
        }}
        onClick={() => setOpen(true)}
        onFocus={(event) => event.target.select()}
        onBlur={close}
        onKeyDown={onKeyDown}
        className={cx(INPUT_CLASSES, "font-mono text-xs")}
      />
      {open && (
        <ul
          id={`${id}-list`}
          role="listbox"
          aria-label={label}
          className="thin-scroll absolute inset-x-0 top-9 z-30 max-h-72 min-w-64 overflow-y-auto rounded-lg border border-line bg-raised p-1 shadow-float"
        >
          {shown.map((option, index) => {
            const props = { id: `${id}-${index}`, active: index === active };
            return (
              <Option key={option} {...props} onSelect={() => select(option)}>
                {render ? render(option) : option}
              </Option>
            );
          })}
          <Remark found={found.length} value={value} />
        </ul>
      )}
    </div>
  );
}

interface OptionProps {
  id: string;
  active: boolean;
  onSelect: () => void;
  children: ReactNode;
}

function Option({ id, active, onSelect, children }: OptionProps) {
  return (
    <li
      id={id}
      role="option"
      aria-selected={active}
      ref={(element) => {
        if (active) element?.scrollIntoView({ block: "center" });
      }}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onSelect}
      className={cx(
        "cursor-pointer truncate rounded-md px-2 py-1.5 font-mono text-xs",
        active ? "bg-hover" : "hover:bg-hover",
      )}
    >
      {children}
    </li>
  );
}

/** What the list does not show. */
function Remark({ found, value }: { found: number; value: string }) {
  if (found > 0 && found <= SHOWN) return null;
  return (
    <li role="presentation" className="px-2 py-1.5 text-xs text-ink-3">
      {found === 0
        ? `Nothing in the list matches “${value}”.`
        : `${found - SHOWN} more: type to search.`}
    </li>
  );
}
