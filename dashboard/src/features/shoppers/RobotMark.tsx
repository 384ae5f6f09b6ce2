import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button } from '@/components/Button'
import { toast } from '@/components/toast'
import { clearRobot, markRobot, type Shopper } from '@/features/shoppers/api'
import { useCan, useTenant } from '@/features/tenants/current'

/** Says that the shopper is a robot, or that they are none; each takes back the other. */
export function RobotMark({ shopper }: { shopper: Shopper }) {
  const { id } = useTenant()
  const queries = useQueryClient()
  const marked = shopper.robots.filter((robot) => robot.status !== 'cleared')
  const mark = useMutation({
    mutationFn: async (isRobot: boolean) => {
      if (isRobot) await markRobot(id, shopper.userId)
      else await Promise.all(marked.map((robot) => clearRobot(id, robot.userId)))
    },
    onSuccess: async (_, isRobot) => {
      await queries.invalidateQueries({ queryKey: ['tenants', id] })
      toast({
        title: isRobot ? 'Marked as a robot. The next model is built without it.' : 'The mark is gone. It counts from the next model on.',
        tone: 'good',
      })
    },
    onError: (error) => toast({ title: error.message, tone: 'bad' }),
  })
  if (!useCan('developer')) return null
  return (
    <Button onClick={() => mark.mutate(marked.length === 0)} isPending={mark.isPending}>
      {marked.length === 0 ? 'Mark as a robot' : 'Not a robot'}
    </Button>
  )
}
