import { Badge } from '@/components/Badge'
import type { Robot } from '@/features/shoppers/api'

const SHOWN = { suspected: ['warn', 'suspected'], confirmed: ['bad', 'confirmed'], cleared: ['neutral', 'cleared'] } as const

/** What is said of an id among the robots. */
export function RobotBadge({ status }: { status: Robot['status'] }) {
  const [tone, words] = SHOWN[status]
  return <Badge tone={tone}>{words}</Badge>
}
