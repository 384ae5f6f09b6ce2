import { Menu, MenuItem } from 'react-aria-components/Menu'
import { Popover } from 'react-aria-components/Popover'
import type { MenuProps } from '@/components/Menu'

interface Props extends MenuProps {
  button: HTMLElement
  onClose: () => void
}

export default function OpenMenu({ label, items, button, onClose }: Props) {
  return (
    <Popover
      isOpen
      triggerRef={{ current: button }}
      placement="bottom end"
      onOpenChange={(open) => !open && onClose()}
      className="min-w-40 rounded-md border border-line bg-surface p-1 text-ink shadow-lg"
    >
      <Menu aria-label={label} autoFocus="first" className="outline-none" onClose={onClose}>
        {items.map((item) => (
          <MenuItem
            key={item.label}
            isDisabled={item.isDisabled}
            onAction={item.onAction}
            className={`cursor-pointer rounded px-2 py-1.5 outline-none data-disabled:cursor-default data-disabled:opacity-50 data-focused:bg-sunken ${item.isDanger ? 'text-bad' : ''}`}
          >
            {item.label}
          </MenuItem>
        ))}
      </Menu>
    </Popover>
  )
}
