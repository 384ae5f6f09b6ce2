import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ComboField } from '@/components/ComboField'
import { shoppersQuery } from '@/features/shoppers/api'
import { useTenant } from '@/features/tenants/current'

/** A shopper's id, found by its beginning; any other counts as well. */
export function ShopperField() {
  const { id } = useTenant()
  const [typed, setTyped] = useState('')
  const { data = [] } = useQuery(shoppersQuery(id, typed))
  return (
    <ComboField
      name="user"
      label="Shopper"
      placeholder="Nobody known"
      allowsOwn
      onSearch={setTyped}
      options={data.map(({ userId }) => ({ value: userId, label: userId }))}
    />
  )
}
