import { isAway, Problem } from '@/api/problem'
import { Button } from '@/components/Button'
import { Icon } from '@/components/Icon'

/** In place of what could not be read: what happened, a way to try again, and the id that the server's log has. */
export function ErrorState({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof Problem ? error : null
  return (
    <div role="alert" className="flex flex-col items-start gap-2 border-l-2 border-bad py-2 pl-4">
      <p className="flex items-center gap-2 font-medium">
        <Icon name="alert" className="text-bad" />
        {problem === null ? 'This page met an error of its own' : isAway(error) ? 'The server is away' : problem.title}
      </p>
      <p className="max-w-prose text-muted">{error instanceof Error ? error.message : String(error)}</p>
      {problem?.requestId != null && (
        <p className="text-sm text-muted">
          Request <code className="font-mono break-all">{problem.requestId}</code>
        </p>
      )}
      {retry !== undefined && <Button onClick={retry}>Try again</Button>}
    </div>
  )
}
