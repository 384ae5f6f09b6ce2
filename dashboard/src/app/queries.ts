import { QueryClient } from '@tanstack/react-query'
import { isAway } from '@/api/problem'

/** What the server has said, for all pages. Only a server that was away is asked again by itself. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      networkMode: 'always', // the server may well be this machine
      retry: (failures, error) => failures < 1 && isAway(error),
      retryDelay: 500,
    },
    mutations: { networkMode: 'always' },
  },
})
