package inbox

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// benchBody is a push of a few hundred bytes.
const benchBody = `{"project":"shop/cart","pipeline":%d,"status":"success","ref":"main","commit":"0f3c9f7c1a2b","created_at":"2026-03-02T10:00:00Z",` +
	`"started_at":"2026-03-02T10:00:07Z","finished_at":"2026-03-02T10:04:31Z","jobs":[{"name":"build","status":"success","duration":61.5},` +
	`{"name":"test","status":"success","duration":190.25},{"name":"deploy","status":"success","duration":12}]}`

// BenchmarkPut is durable pushes, from so many callers at a time.
func BenchmarkPut(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			db, err := Open(b.Context(), filepath.Join(b.TempDir(), "inbox.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range callers {
				all.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						_, fresh, err := db.Put(b.Context(), Entry{
							Connection: "gitlab", Kind: "runs", Token: "ci", Key: fmt.Sprint("shop/cart ", n), Body: fmt.Appendf(nil, benchBody, n),
						})
						if err != nil || !fresh {
							b.Errorf("fresh %v, %v", fresh, err)
							return
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
		})
	}
}
