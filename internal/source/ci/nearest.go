package ci

import "strings"

// nearest is the name that key was probably meant to be, "" when none is near: the
// same but for case and separators, or with few letters wrong.
func nearest(names []string, key string) string {
	const longest = 40 // beyond it nothing is near, and distance takes long
	if len(key) > longest {
		return ""
	}
	key = folded(key)
	best, least := "", 1+max(1, len(key)/3)
	for _, name := range names {
		if d := distance(key, folded(name)); d < least {
			best, least = name, d
		}
	}
	return best
}

// folded makes finishedAt and Finished-At alike.
func folded(s string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
}

// distance counts letters added, left out, changed, or swapped with the next one.
func distance(a, b string) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			changed := row[j]
			if a[i] != b[j] {
				changed++
			}
			next[j+1] = min(changed, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
