import { infiniteQueryOptions, type QueryKey } from '@tanstack/react-query'

interface Answer<Row> {
  data: Row[]
  meta: { nextCursor?: string | null }
}

/** A list of the API in pages, which `useInfiniteQuery` asks for one by one; its data are the rows so far. */
export function pagesQuery<Row>(queryKey: QueryKey, ask: (cursor: string | undefined) => Promise<Answer<Row>>) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam }) => ask(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.meta.nextCursor ?? undefined,
    select: (data) => data.pages.flatMap((page) => page.data),
  })
}
