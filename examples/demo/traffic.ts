/** Requests a second: what the demo's machine does easily, so that the trouble is the endpoint's. */
const RATE = 600
const USERS = 200

/** Makes `count` real HTTP requests at a steady rate; `progress` is told after each round. */
export const drive = async (
  url: string,
  count: number,
  progress: (done: number) => void | Promise<void>,
): Promise<void> => {
  const startedAt = performance.now()
  for (let done = 0; done < count; ) {
    const due = Math.ceil(((performance.now() - startedAt) / 1000) * RATE) + 1
    // On a slow machine, too, no round is so large that a phase passes unseen.
    const target = Math.min(count, due, done + Math.ceil(count / 20))
    const round: Promise<void>[] = []
    while (done < target) round.push(order(url, done++))
    await Promise.all(round)
    await progress(done)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

const order = async (url: string, number: number): Promise<void> => {
  const response = await fetch(`${url}/orders/user-${number % USERS}`)
  if (!response.ok) throw new Error(`the service answered ${response.status}`)
  await response.arrayBuffer()
}
