package sqlitestore

import (
	"encoding/binary"
	"errors"

	"throughline/internal/delivery"
)

// part is what is measured of a job or of a build.
type part struct {
	name, status int64 // terms
	duration     int64
}

func appendPart(b []byte, p part) []byte {
	return binary.AppendVarint(binary.AppendVarint(binary.AppendVarint(b, p.name), p.status), p.duration)
}

var errBadParts = errors.New("stored jobs cannot be read")

// eachPart calls f for the parts that appendPart wrote.
func eachPart(b []byte, f func(part)) error {
	for len(b) > 0 {
		var p part
		for _, v := range [...]*int64{&p.name, &p.status, &p.duration} {
			var n int
			if *v, n = binary.Varint(b); n <= 0 {
				return errBadParts
			}
			b = b[n:]
		}
		f(p)
	}
	return nil
}

// parts packs the jobs and the builds of a run.
func (w *writer) parts(run *delivery.Run) (jobs, builds []byte, err error) {
	jobs, builds = []byte{}, []byte{} // not NULL
	for i := range run.Jobs {
		job := &run.Jobs[i]
		name, err := w.term(jobTerm, job.Name)
		if err != nil {
			return nil, nil, err
		}
		status, err := w.term(runStatusTerm, string(job.Status))
		if err != nil {
			return nil, nil, err
		}
		jobs = appendPart(jobs, part{name, status, job.Duration})
	}
	for _, build := range run.Builds {
		name, err := w.term(buildTerm, build.Name)
		if err != nil {
			return nil, nil, err
		}
		builds = appendPart(builds, part{name: name, duration: build.Duration})
	}
	return jobs, builds, nil
}
