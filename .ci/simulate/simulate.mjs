// Reads one case per line, as JSON, and prints one line for each: the decision of an independent implementation of IAM's rules.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

for await (const line of createInterface({ input: process.stdin })) {
  const c = JSON.parse(line)
  const named = (list) => (list ?? []).map((policy, n) => ({ name: `policy ${n}`, policy }))
  const answer = await runSimulation(
    {
      request: { principal: c.principal, action: c.action, resource: { resource: c.resource, accountId: c.account }, contextVariables: c.context },
      identityPolicies: named(c.identity),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: c.policy,
      permissionBoundaryPolicies: c.boundary && named([c.boundary])
    },
    {}
  )
  const ignored = answer.result?.ignoredContextKeys ?? []
  console.log(
    answer.resultType === 'single' && ignored.length === 0
      ? answer.overallResult
      : `error ${JSON.stringify(answer.errors ?? { ignored })}`
  )
}
