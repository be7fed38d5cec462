package delivery

// JoinParts merges the parts of a run that a batch has between two whole ones, so
// that a store reads and writes a run of many jobs once and not for each part. What
// MergeRun makes of them is the same. joined is how many runs fewer there are.
func JoinParts(runs []Run) (out []Run, joined int) {
	type key struct{ project, id string }
	last := map[key]int{} // where in out the part is that more are added to
	for i := range runs {
		r := &runs[i]
		k := key{r.Project, r.ID}
		at, met := last[k]
		switch {
		case !r.Part:
			delete(last, k)
			out = append(out, *r)
		case !met:
			last[k] = len(out)
			out = append(out, *r)
		default:
			out[at] = mergeParts(out[at], *r)
			out[at].Part = true
		}
	}
	return out, len(runs) - len(out)
}
