/** Grey lines where content will stand. `rows`: how many. */
export function Loading({ rows = 6, label = 'Loading' }: { rows?: number; label?: string }) {
  return (
    <div role="status" aria-label={label} className="flex flex-col gap-3 p-4">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={`skeleton h-5 ${index % 3 === 2 ? 'w-1/2' : 'w-full'}`} />
      ))}
    </div>
  )
}
