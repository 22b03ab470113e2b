import type { LucideIcon } from "lucide-react";
import { ContextMenu as RadixContext, DropdownMenu } from "radix-ui";
import type { ReactElement, ReactNode } from "react";
import { layer } from "./layer";
import "./menu.css";

export interface MenuItem {
  label: string;
  icon?: LucideIcon;
  shortcut?: string;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}
/** A group is separated from the next by a line. */
export type MenuGroups = readonly (readonly MenuItem[])[];

function ItemBody({ item }: { item: MenuItem }) {
  const Icon = item.icon;
  return (
    <>
      {Icon ? <Icon size={16} aria-hidden /> : <span className="menu-gap" />}
      <span className="grow">{item.label}</span>
      {item.shortcut ? <kbd>{item.shortcut}</kbd> : null}
    </>
  );
}

interface MenuProps {
  trigger: ReactElement;
  groups: MenuGroups;
  align?: "start" | "end";
  heading?: ReactNode;
}

/** A menu behind a button. Not modal: the page stays usable and no style has to be injected. */
export function Menu({ trigger, groups, align = "end", heading }: MenuProps) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal container={layer()}>
        <DropdownMenu.Content className="menu" align={align} sideOffset={4} collisionPadding={8} loop>
          {heading ? <div className="menu-heading">{heading}</div> : null}
          {groups
            .filter((group) => group.length > 0)
            .map((group, index) => (
              <DropdownMenu.Group key={index}>
                {index > 0 ? <DropdownMenu.Separator className="menu-line" /> : null}
                {group.map((item) => (
                  <DropdownMenu.Item
                    key={item.label}
                    className={`menu-item ${item.danger ? "danger" : ""}`}
                    disabled={item.disabled ?? false}
                    onSelect={item.onSelect}
                  >
                    <ItemBody item={item} />
                  </DropdownMenu.Item>
                ))}
              </DropdownMenu.Group>
            ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** The same menu on a right click, a long press or the menu key. */
export function ContextMenu({ children, groups }: { children: ReactElement; groups: MenuGroups }) {
  return (
    <RadixContext.Root modal={false}>
      <RadixContext.Trigger asChild>{children}</RadixContext.Trigger>
      <RadixContext.Portal container={layer()}>
        <RadixContext.Content className="menu" collisionPadding={8} loop>
          {groups
            .filter((group) => group.length > 0)
            .map((group, index) => (
              <RadixContext.Group key={index}>
                {index > 0 ? <RadixContext.Separator className="menu-line" /> : null}
                {group.map((item) => (
                  <RadixContext.Item
                    key={item.label}
                    className={`menu-item ${item.danger ? "danger" : ""}`}
                    disabled={item.disabled ?? false}
                    onSelect={item.onSelect}
                  >
                    <ItemBody item={item} />
                  </RadixContext.Item>
                ))}
              </RadixContext.Group>
            ))}
        </RadixContext.Content>
      </RadixContext.Portal>
    </RadixContext.Root>
  );
}
