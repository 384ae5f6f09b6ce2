import type { ReactNode } from 'react'
import { StatCard, StatRow } from '@/components/StatCard'
import { ago, dateTime, number } from '@/components/format'
import { typeLabel } from '@/features/events/api'
import type { Shopper } from '@/features/shoppers/api'
import { RobotBadge } from '@/features/shoppers/RobotBadge'

export function Facts({ shopper }: { shopper: Shopper }) {
  const { events, aliases, properties, robots, firstSeenAt, lastSeenAt, archivedMonths } = shopper
  return (
    <div className="flex flex-col gap-5">
      <StatRow>
        <StatCard label="Last event" value={ago(lastSeenAt)} hint={dateTime(lastSeenAt)} />
        <StatCard label="First event" value={ago(firstSeenAt)} hint={dateTime(firstSeenAt)} />
        {Object.entries(events).map(([type, count]) => (
          <StatCard key={type} label={typeLabel(type)} value={number(count)} />
        ))}
      </StatRow>
      <dl className="grid gap-x-6 gap-y-2 sm:grid-cols-[10rem_1fr]">
        {aliases.length > 0 && <Fact name="Also known as"><Ids ids={[shopper.userId, ...aliases]} /></Fact>}
        {Object.entries(properties).map(([name, value]) => (
          <Fact key={name} name={name}>{String(value)}</Fact>
        ))}
        {robots.map((robot) => (
          <Fact key={robot.userId} name="Robot">
            <RobotBadge status={robot.status} /> {robot.reason}
            {shopper.aliases.length > 0 && <> (<code className="font-mono text-sm">{robot.userId}</code>)</>}
          </Fact>
        ))}
        {archivedMonths.length > 0 && <Fact name="Archived, not shown">{archivedMonths.join(', ')}</Fact>}
      </dl>
    </div>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="break-words text-muted">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </>
  )
}

function Ids({ ids }: { ids: readonly string[] }) {
  return (
    <ul className="flex flex-wrap gap-x-4">
      {ids.map((id) => (
        <li key={id} className="font-mono text-sm break-all">{id}</li>
      ))}
    </ul>
  )
}
