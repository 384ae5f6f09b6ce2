import { TextField } from '@/components/TextField'

/** Products of the page, or in the cart. */
export function ProductsField() {
  return <TextField name="products" label="Products" placeholder="None" hint="Ids, separated by commas: of the page, or in the cart." />
}
