import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { Button } from '@/components/Button'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { AS_FOUND, importFile, previewFile, type Kind, type Reading, type Result } from '@/features/imports/api'
import { sizeOf, type ReadableFile } from '@/features/imports/files'
import { Outcome } from '@/features/imports/Outcome'
import { PreviewOf } from '@/features/imports/PreviewOf'
import { Progress } from '@/features/imports/Progress'
import { Start, type Replace } from '@/features/imports/Start'
import { useTenant } from '@/features/tenants/current'

interface Props {
  kind: Kind
  readable: ReadableFile
  /** Another file is to be chosen. */
  onOther: () => void
}

type Stage = { is: 'preview' } | { is: 'sending'; share: number } | { is: 'done'; result: Result } | { is: 'failed'; error: unknown }

/** One file: how it would be read, then how it is stored, then what came of it. */
export function Importing({ kind, readable, onOther }: Props) {
  const { id } = useTenant()
  const queries = useQueryClient()
  const [reading, setReading] = useState<Reading>(AS_FOUND)
  const [stage, setStage] = useState<Stage>({ is: 'preview' })
  const stop = useRef<AbortController>(null)
  const run = async (replace: Replace) => {
    stop.current = new AbortController()
    setStage({ is: 'sending', share: 0 })
    try {
      const onProgress = (share: number) => setStage({ is: 'sending', share })
      const result = await importFile(id, { kind, readable, reading, replace, onProgress, signal: stop.current.signal })
      setStage({ is: 'done', result })
      void queries.invalidateQueries({ queryKey: ['tenants', id] })
    } catch (error) {
      setStage(error instanceof DOMException ? { is: 'preview' } : { is: 'failed', error })
    }
  }
  return (
    <div className="flex flex-col gap-5">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="min-w-0 break-words">
          <span className="font-medium">{readable.file.name}</span> <span className="text-muted">{sizeOf(readable.file.size)}</span>
        </p>
        {stage.is !== 'sending' && <Button onClick={onOther}>Choose another file</Button>}
      </div>
      {stage.is === 'sending' && <Progress share={stage.share} onStop={() => stop.current?.abort()} />}
      {stage.is === 'done' && <Outcome kind={kind} result={stage.result} />}
      {stage.is === 'failed' && <ErrorState error={stage.error} />}
      {(stage.is === 'preview' || stage.is === 'failed') && (
        <Previewed kind={kind} readable={readable} reading={reading} onReading={setReading} onStart={(replace) => void run(replace)} failed={stage.is === 'failed' ? stage.error : null} />
      )}
    </div>
  )
}

interface PreviewedProps {
  kind: Kind
  readable: ReadableFile
  reading: Reading
  onReading: (reading: Reading) => void
  onStart: (replace: Replace) => void
  failed: unknown
}

function Previewed({ kind, readable, reading, onReading, onStart, failed }: PreviewedProps) {
  const { id } = useTenant()
  const { file } = readable
  const { data, error, refetch, isFetching } = useQuery({
    queryKey: ['tenants', id, 'import preview', kind, file.name, file.size, file.lastModified, reading],
    queryFn: () => previewFile(id, kind, readable, reading),
    placeholderData: (before) => before,
    staleTime: Infinity,
    gcTime: 0,
  })
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined) return <Loading />
  return (
    <div aria-busy={isFetching} className="flex flex-col gap-6">
      <Start kind={kind} preview={data} isReading={isFetching} failed={failed} onStart={onStart} />
      <PreviewOf kind={kind} preview={data} reading={reading} onReading={onReading} />
    </div>
  )
}
