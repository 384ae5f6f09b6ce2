import { Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { answerOf, api, Problem } from '@/api/client'
import { ensureSession, signOut } from '@/api/session'
import { useSession } from '@/app/useSession'
import { Button } from '@/components/Button'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { toast } from '@/components/toast'
import { EntryFrame, LINK } from '@/features/entry/EntryFrame'

const KEPT = 'recomengine-invitation'

/**
 * The token stands behind #, which browsers send to no server, so that no log has it. It waits in this tab while somebody
 * signs in or up first, in place of going through the addresses of those pages.
 */
function tokenOfLink(): string {
  const given = location.hash.slice(1)
  if (given !== '') sessionStorage.setItem(KEPT, given)
  return given || (sessionStorage.getItem(KEPT) ?? '')
}

/** Where the link in an invitation's mail leads: sign in or up first, then accept. */
export function InvitationPage() {
  const [token] = useState(tokenOfLink)
  const session = useSession()
  const [error, setError] = useState<unknown>(null)
  const ask = () => {
    setError(null)
    ensureSession().catch(setError)
  }
  useEffect(ask, [])
  if (token === '') return <Spent />
  if (session.is === 'in') return <Acceptance token={token} email={session.admin.email} />
  return (
    <EntryFrame title="You are invited" intro="Sign in with the account of the address that the mail came to, or make one with it.">
      {error !== null ? <ErrorState error={error} retry={ask} /> : session.is === 'unknown' ? <Loading rows={2} /> : <SignInFirst />}
    </EntryFrame>
  )
}

const BACK = { next: '/invitation' }

function SignInFirst() {
  return (
    <div className="flex flex-col gap-3">
      <p>
        <Link to="/signup" search={BACK} className={LINK}>
          Make an account
        </Link>
      </p>
      <p>
        Have one?{' '}
        <Link to="/login" search={BACK} className={LINK}>
          Sign in
        </Link>
      </p>
    </div>
  )
}

function Acceptance({ token, email }: { token: string; email: string }) {
  const navigate = useNavigate()
  const [isPending, setPending] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const accept = async () => {
    setPending(true)
    setError(null)
    try {
      const { data: tenant } = await answerOf(api.POST('/api/v1/invitations/accept', { body: { token } }))
      toast({ title: `You are ${tenant.role} of ${tenant.name} now.`, tone: 'good' })
      sessionStorage.removeItem(KEPT)
      await navigate({ to: '/dashboard/tenants/$tenantId', params: { tenantId: tenant.id } })
    } catch (thrown) {
      setError(thrown)
    } finally {
      setPending(false)
    }
  }
  if (error instanceof Problem && 'token' in error.fields) return <Spent />
  const isOfAnother = error instanceof Problem && error.code === 'invitation_of_another'
  return (
    <EntryFrame title="You are invited" intro={`You are signed in as ${email}.`}>
      {isOfAnother ? (
        <p role="alert">The invitation went to another address. Sign out, then use the account of that address.</p>
      ) : (
        error !== null && <ErrorState error={error} />
      )}
      {isOfAnother ? (
        <Button onClick={() => void signOut().catch(setError)}>Sign out</Button>
      ) : (
        <Button variant="primary" isPending={isPending} onClick={() => void accept()}>
          Accept the invitation
        </Button>
      )}
    </EntryFrame>
  )
}

function Spent() {
  useEffect(() => sessionStorage.removeItem(KEPT), [])
  return (
    <EntryFrame title="This link does not work any more">
      <p role="alert">An invitation works once and for seven days, until it is revoked or sent anew. Ask for another one.</p>
      <p>
        <Link to="/dashboard" className={LINK}>
          Go to the dashboard
        </Link>
      </p>
    </EntryFrame>
  )
}
