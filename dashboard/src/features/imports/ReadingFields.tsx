import { SelectField } from '@/components/ChoiceFields'
import type { Kind, Reading } from '@/features/imports/api'

const FORMATS = [
  { value: '', label: 'Found from the columns' },
  { value: 'shopify', label: 'Shopify' },
  { value: 'woocommerce', label: 'WooCommerce' },
  { value: 'google', label: 'Google Merchant Center' },
  { value: 'adobe-commerce', label: 'Adobe Commerce' },
  { value: 'recomengine', label: 'RecomEngine’s own' },
]
const SEPARATORS = [
  { value: '', label: 'Found from the header' },
  { value: ',', label: 'Comma' },
  { value: ';', label: 'Semicolon' },
  { value: 'tab', label: 'Tab' },
  { value: '|', label: 'Vertical bar' },
]
const ENCODINGS = [
  { value: '', label: 'Found from the bytes' },
  { value: 'utf-8', label: 'UTF-8' },
  { value: 'windows-1252', label: 'Windows-1252 (Western Europe)' },
  { value: 'utf-16', label: 'UTF-16' },
]
const LEVELS = [
  { value: '', label: 'As the format has it' },
  { value: '>', label: 'Shoes > Boots' },
  { value: '/', label: 'Shoes / Boots' },
  { value: '|', label: 'Shoes | Boots' },
]

interface Props {
  kind: Kind
  reading: Reading
  onReading: (reading: Reading) => void
}

/** What is found by itself, and can be said where that fails. */
export function ReadingFields({ kind, reading, onReading }: Props) {
  const field = (name: 'format' | 'separator' | 'encoding' | 'categorySeparator') => ({
    value: reading[name],
    onChange: (value: string) => onReading({ ...reading, [name]: value }),
  })
  return (
    <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
      {kind === 'catalog' && <SelectField label="Format" options={FORMATS} {...field('format')} />}
      <SelectField label="Between cells" options={SEPARATORS} {...field('separator')} />
      <SelectField label="Encoding" options={ENCODINGS} {...field('encoding')} />
      {kind === 'catalog' && <SelectField label="Levels of a category" options={LEVELS} {...field('categorySeparator')} />}
    </div>
  )
}
