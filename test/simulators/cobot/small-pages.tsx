import type { NavigationLink, Plan, Resource } from './state.ts'

type Named = { id: string; name: string }

export const PlansPage = (props: { plans: Plan[]; base: string; problem: string | null }) => (
  <main>
    <h1>Plans</h1>
    {props.problem && <p role="alert">{props.problem}</p>}
    <fieldset>
      <legend>New plan</legend>
      <form method="post" action={`${props.base}/plans`}>
        <label>
          Name <input name="name" required />
        </label>
        <label class="check">
          <input type="checkbox" name="hidden" /> Hidden
        </label>
        <button type="submit">Add plan</button>
      </form>
    </fieldset>
    <Things
      things={props.plans.map((plan) => ({ ...plan, note: plan.hidden ? 'hidden' : '' }))}
      path={`${props.base}/plans`}
      what="plan"
    />
  </main>
)

export const ResourcesPage = (props: {
  resources: Resource[]
  base: string
  problem: string | null
}) => (
  <main>
    <h1>Resources</h1>
    {props.problem && <p role="alert">{props.problem}</p>}
    <fieldset>
      <legend>New resource</legend>
      <form method="post" action={`${props.base}/resources`}>
        <label>
          Name <input name="name" required />
        </label>
        <button type="submit">Add resource</button>
      </form>
    </fieldset>
    <Things things={props.resources} path={`${props.base}/resources`} what="resource" />
  </main>
)

const Things = (props: { things: (Named & { note?: string })[]; path: string; what: string }) => (
  <table>
    {props.things.map(({ id, name, note }) => (
      <tr id={`${props.what}-${id}`}>
        <td>
          {name} {note && <span class="note">{note}</span>}
        </td>
        <td>
          <form method="post" action={`${props.path}/${id}/name`}>
            <label>
              New name <input name="name" value={name} required />
            </label>
            <button type="submit" class="quiet">
              Rename {props.what}
            </button>
          </form>
        </td>
        <td>
          <form method="post" action={`${props.path}/${id}/deletion`}>
            <button type="submit" class="danger">
              Remove {props.what}
            </button>
          </form>
        </td>
      </tr>
    ))}
  </table>
)

export const AddOnsPage = (props: {
  base: string
  addonUrl: string | null
  subdomain: string
  links: NavigationLink[]
}) => (
  <main>
    <h1>Add-ons</h1>
    {props.addonUrl ? (
      <p>
        <strong>SALTO KS</strong> opens doors for members and bookings.{' '}
        <a href={`${props.addonUrl}/?cobot_subdomain=${encodeURIComponent(props.subdomain)}`}>
          Get started
        </a>
      </p>
    ) : (
      <p>There are none to choose from.</p>
    )}
    {props.links.length > 0 && <h2>Menu entries made by add-ons</h2>}
    <table>
      {props.links.map(({ id, label, section }) => (
        <tr>
          <td>
            {label} <span class="note">{section}</span>
          </td>
          <td>
            <form method="post" action={`${props.base}/links/${id}/deletion`}>
              <button type="submit" class="danger">
                Remove {label}
              </button>
            </form>
          </td>
        </tr>
      ))}
    </table>
  </main>
)
