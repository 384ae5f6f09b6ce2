import { Dialog } from '@/components/Dialog'
import type { Scope } from '@/app/palette'

export default function Palette({ onClose }: { scope: Scope; onClose: () => void }) {
  return (
    <Dialog title="Go to" isOpen onClose={onClose}>
      <p />
    </Dialog>
  )
}
