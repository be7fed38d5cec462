package main

import (
	"os"
	"runtime"
)

// leastThreads is how many threads run Go code at once when the program serves, on a
// machine of fewer processors too.
const leastThreads = 8

// spreadThreads has a hook wait less for work in the background. What computes there
// keeps one of Go's threads for 10 ms at a time, and with two of them a hook often finds
// none free. With more, the system divides the processors between them, finer, and
// lets go first who waited. It returns what undoes it.
func spreadThreads() func() {
	now := runtime.GOMAXPROCS(0)
	if most := threads(now, runtime.NumCPU(), os.Getenv("GOMAXPROCS")); most != now {
		runtime.GOMAXPROCS(most)
	}
	return func() { runtime.GOMAXPROCS(now) }
}

// threads is how many are right, given how many there are and how many processors. Whoever
// said how many is not contradicted; nor is a limit of the processor time, which more
// threads would use up sooner, and then stand still until the next share.
func threads(now, processors int, said string) int {
	if said != "" || now < processors {
		return now
	}
	return max(now, leastThreads)
}
