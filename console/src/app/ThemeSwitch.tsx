import { Monitor, Moon, Sun } from "lucide-react";

import { chooseTheme, useThemeChoice, type ThemeChoice } from "@/shared/theme";
import { IconButton } from "@/shared/ui/Button";
import { Menu, MenuItem } from "@/shared/ui/Menu";

const CHOICES = [
  { id: "system", name: "System", icon: Monitor },
  { id: "light", name: "Light", icon: Sun },
  { id: "dark", name: "Dark", icon: Moon },
] as const satisfies readonly { id: ThemeChoice; name: string; icon: typeof Sun }[];

export function ThemeSwitch() {
  const choice = useThemeChoice();
  const { icon: Icon, name } = CHOICES.find(({ id }) => id === choice) ?? CHOICES[0];
  return (
    <Menu
      side="top"
      trigger={
        <IconButton label={`Theme: ${name.toLowerCase()}`}>
          <Icon size={16} strokeWidth={1.75} />
        </IconButton>
      }
    >
      {CHOICES.map((each) => (
        <MenuItem key={each.id} checked={each.id === choice} onSelect={() => chooseTheme(each.id)}>
          {each.name}
        </MenuItem>
      ))}
    </Menu>
  );
}
