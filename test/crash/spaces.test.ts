import { playCrashes } from './crash-points.ts'
import { ofSpaces } from './scenarios.ts'

await playCrashes('spaces', ofSpaces)
