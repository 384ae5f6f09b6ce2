import { useState } from 'react'
import { Button } from '@/components/Button'
import { Icon } from '@/components/Icon'
import { toast } from '@/components/toast'

const SEEN_MS = 2_000

/** `label`: what is copied, as the button says it ("Copy the key"). */
export function CopyButton({
  text,
  label = 'Copy',
  hideLabel = false,
}: {
  text: string
  label?: string
  hideLabel?: boolean
}) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
      setTimeout(setCopied, SEEN_MS, false)
    } catch {
      toast({ title: 'The browser does not let this page copy. Select the text and copy it yourself.', tone: 'bad' })
    }
  }
  return (
    <>
      <Button
        onClick={() => void copy()}
        aria-label={hideLabel ? label : undefined}
        className={hideLabel ? 'px-2' : ''}
      >
        <Icon name={copied ? 'check' : 'copy'} />
        {!hideLabel && (copied ? 'Copied' : label)}
      </Button>
      <span aria-live="polite" className="sr-only">
        {copied ? 'Copied' : ''}
      </span>
    </>
  )
}

/** A value to be taken elsewhere, such as a key or an address. */
export function CopyField({ label, value }: { label: string; value: string }) {
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span className="font-medium">{label}</span>
      <div className="flex items-stretch gap-2">
        <code
          tabIndex={0}
          aria-label={label}
          className="min-w-0 flex-1 overflow-x-auto rounded-md border border-line bg-sunken px-3 py-2 font-mono text-sm whitespace-nowrap"
        >
          {value}
        </code>
        <CopyButton text={value} label={`Copy: ${label}`} hideLabel />
      </div>
    </div>
  )
}

/** Code or JSON as it is, with a button that copies it. `label` names it to a screen reader. */
export function CodeBlock({ code, label }: { code: string; label: string }) {
  return (
    <div className="relative">
      <pre
        tabIndex={0}
        aria-label={label}
        role="region"
        className="overflow-x-auto rounded-md border border-line bg-sunken p-3 pr-14 font-mono text-sm leading-5"
      >
        <code>{code}</code>
      </pre>
      <div className="absolute top-1.5 right-1.5">
        <CopyButton text={code} label={`Copy: ${label}`} hideLabel />
      </div>
    </div>
  )
}
