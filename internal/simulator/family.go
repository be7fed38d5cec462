package simulator

// epicEvery is the distance between epics among ordinals, and how an issue
// finds its own.
const epicEvery = 60

func isEpic(n int) bool { return n%epicEvery == 0 }

// epicOf is the ordinal of the epic of an issue, or -1.
func (c *Company) epicOf(n int) int {
	if isEpic(n) || c.mix(n, 1)%10 < 4 {
		return -1
	}
	return n - n%epicEvery
}

// parentOf is the ordinal of the parent of an issue, or -1.
func (c *Company) parentOf(n int) int {
	if isEpic(n) || n < 10 || c.mix(n, 2)%8 != 0 {
		return -1
	}
	if p := n - 1 - int(c.mix(n, 3)%9); !isEpic(p) {
		return p
	}
	return -1
}
