export function LandingPage() {
  return (
    <main>
      <h1>Product recommendations for online shops</h1>
      <a href="/login">Sign in</a>
    </main>
  )
}
