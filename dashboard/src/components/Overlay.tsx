import { Dialog, Heading } from 'react-aria-components/Dialog'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import type { DialogProps } from '@/components/Dialog'
import { Icon } from '@/components/Icon'

const WIDTHS = { small: 'max-w-md', medium: 'max-w-xl', large: 'max-w-4xl' }

export default function Overlay({ title, children, onClose, mustAnswer = false, size = 'small', role }: DialogProps) {
  return (
    <ModalOverlay
      isOpen
      isDismissable={!mustAnswer}
      isKeyboardDismissDisabled={mustAnswer}
      onOpenChange={(open) => !open && onClose()}
      className="fixed inset-0 z-40 flex items-start justify-center overflow-y-auto bg-black/40 p-3 pt-[8vh]"
    >
      <Modal className={`w-full ${WIDTHS[size]} rounded-lg border border-line bg-surface text-ink shadow-xl`}>
        <Dialog role={role} className="flex flex-col gap-4 p-5 outline-none">
          <div className="flex items-start justify-between gap-3">
            <Heading slot="title" level={2} className="text-lg font-semibold break-words">
              {title}
            </Heading>
            {!mustAnswer && (
              <button
                type="button"
                aria-label="Close"
                onClick={onClose}
                className="rounded-md p-1 text-muted hover:bg-sunken"
              >
                <Icon name="close" />
              </button>
            )}
          </div>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}
