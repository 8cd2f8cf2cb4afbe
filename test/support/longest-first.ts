// Which file a worker takes next: those that run longest come first, so that none is left over to one
// worker at the end.
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const longest = [/\/simulation\//, /\/crash\//, /\/kill\//, /\/journey\//]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification) => {
      const rank = longest.findIndex((each) => each.test(moduleId))
      return rank < 0 ? longest.length : rank
    }
    return (await super.sort(files)).toSorted((a, b) => rankOf(a) - rankOf(b))
  }
}
