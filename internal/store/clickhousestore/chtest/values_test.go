package chtest_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"
)

// row has a column of each kind that a store may have.
type row struct {
	ID       int64               `ch:"id"`
	Text     string              `ch:"text"`
	Kind     string              `ch:"kind"`
	Maybe    *int64              `ch:"maybe"`
	Named    *string             `ch:"named"`
	Labels   []string            `ch:"labels"`
	Numbers  []int64             `ch:"numbers"`
	At       time.Time           `ch:"at"`
	Ended    *time.Time          `ch:"ended"`
	Ratio    float64             `ch:"ratio"`
	Sure     bool                `ch:"sure"`
	Extra    map[string]string   `ch:"extra"`
	Lists    map[string][]string `ch:"lists"`
	Pairs    [][]int64           `ch:"pairs"`
	Category string              `ch:"category"`
	Bits     uint64              `ch:"bits"`
}

const rowsTable = `CREATE TABLE rows (
	id Int64, text String, kind LowCardinality(String), maybe Nullable(Int64),
	named LowCardinality(Nullable(String)), labels Array(LowCardinality(String)), numbers Array(Int64),
	at DateTime64(3, 'UTC'), ended Nullable(DateTime64(3, 'UTC')), ratio Float64, sure Bool,
	extra Map(LowCardinality(String), String), lists Map(String, Array(String)), pairs Array(Array(Int64)),
	category Enum8('new' = 1, 'in progress' = 2, 'done' = 3), bits UInt64
) ENGINE = ReplacingMergeTree(bits) ORDER BY id`

func awkward() []row {
	at := time.Date(2026, 3, 29, 2, 30, 0, int(123*time.Millisecond), time.UTC)
	before := time.Date(1969, 12, 31, 23, 59, 59, int(999*time.Millisecond), time.UTC)
	number, name, none := int64(math.MinInt64), "имя; DROP TABLE rows", ""
	return []row{
		{
			ID: 1, Labels: []string{}, Numbers: []int64{}, At: at, Extra: map[string]string{}, Lists: map[string][]string{},
			Pairs: [][]int64{}, Category: "new",
		},
		{
			ID: math.MaxInt64, Text: "it's \"quoted\" \\ `back`\r\n\t\x00\xff 🙂", Kind: "вид", Maybe: &number, Named: &name,
			Labels: []string{"", "a", "a", "'", "ё"}, Numbers: []int64{0, -1, math.MaxInt64, math.MinInt64}, At: before, Ended: &at,
			Ratio: math.SmallestNonzeroFloat64, Sure: true, Extra: map[string]string{"": "", "k'": `v\`}, Lists: map[string][]string{"x": {"1", "2"}, "y": {}},
			Pairs: [][]int64{{}, {1}, {2, 3}}, Category: "in progress", Bits: math.MaxUint64,
		},
		{
			ID: math.MinInt64, Text: strings.Repeat("long ", 1<<18), Named: &none, Labels: []string{"b"}, Numbers: []int64{7}, At: at,
			Ratio: math.Inf(-1), Extra: map[string]string{}, Lists: map[string][]string{}, Pairs: [][]int64{{}}, Category: "done",
		},
	}
}

// TestRoundTrip writes and reads awkward values over each way of compression.
func TestRoundTrip(t *testing.T) {
	for name, method := range map[string]clickhouse.CompressionMethod{
		"none": clickhouse.CompressionNone, "lz4": clickhouse.CompressionLZ4, "zstd": clickhouse.CompressionZSTD,
		"gzip": clickhouse.CompressionGZIP, "deflate": clickhouse.CompressionDeflate, "brotli": clickhouse.CompressionBrotli,
	} {
		t.Run(name, func(t *testing.T) {
			conn := open(t, func(o *clickhouse.Options) { o.Compression = &clickhouse.Compression{Method: method, Level: 3} })
			exec(t, conn, rowsTable)
			want := awkward()
			batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO rows")
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range want {
				if err := batch.AppendStruct(&r); err != nil {
					t.Fatal(err)
				}
			}
			if err := batch.Send(); err != nil {
				t.Fatal(err)
			}
			var got []row
			if err := conn.Select(t.Context(), &got, "SELECT * FROM rows FINAL ORDER BY abs(toInt128(id)), id DESC"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestManyValues has more values than an index of one byte holds, and more than
// one block.
func TestManyValues(t *testing.T) {
	conn := open(t)
	exec(t, conn, "CREATE TABLE rows (id Int64, kind LowCardinality(String), labels Array(LowCardinality(String))) ENGINE = MergeTree ORDER BY id")
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO rows")
	if err != nil {
		t.Fatal(err)
	}
	const rows = 100_000
	for i := range rows {
		kind := strings.Repeat("k", i%1000)
		labels := make([]string, i%3)
		for n := range labels {
			labels[n] = kind
		}
		if err := batch.Append(int64(i), kind, labels); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	found, err := conn.Query(t.Context(), "SELECT id, kind, labels FROM rows ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	next := int64(0)
	for ; found.Next(); next++ {
		var (
			id     int64
			kind   string
			labels []string
		)
		if err := found.Scan(&id, &kind, &labels); err != nil {
			t.Fatal(err)
		}
		if id != next || len(kind) != int(next)%1000 || len(labels) != int(next)%3 {
			t.Fatalf("row %d is %d with a kind of %d letters and %d labels", next, id, len(kind), len(labels))
		}
	}
	if err := found.Err(); err != nil || next != rows {
		t.Errorf("%d rows, %v", next, err)
	}
}
