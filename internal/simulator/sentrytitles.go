package simulator

import (
	"strconv"
	"strings"
)

// errTitle is what an error is called by. A # in its value is a number.
type errTitle struct{ kind, value, file, function, logger string }

// errTitles are by the kind of a project's events.
var errTitles = map[string][]errTitle{
	"javascript": {
		{"TypeError", "Cannot read properties of undefined (reading 'price')", "src/cart/total.ts", "totalOf", ""},
		{"TypeError", "undefined is not an object (evaluating 'e.items')", "src/checkout/steps.tsx", "nextStep", ""},
		{"TypeError", "Failed to fetch", "src/api/client.ts", "request", "javascript"},
		{"ChunkLoadError", "Loading chunk # failed.", "src/routes/lazy.ts", "load", "javascript"},
		{"TimeoutError", "request timed out after #s", "src/api/client.ts", "request", "http"},
		{"ReferenceError", "Can't find variable: gtag", "src/analytics/track.ts", "track", ""},
		{"RangeError", "Maximum call stack size exceeded", "src/search/facets.ts", "flatten", ""},
		{"Error", "Minified React error ##; visit the documentation for the full message", "src/components/Product.tsx", "render", "javascript"},
		{"SyntaxError", "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON", "src/api/parse.ts", "parse", ""},
		{"QuotaExceededError", "The quota has been exceeded.", "src/cart/storage.ts", "save", ""},
		{"HTTPError", "POST /api/orders answered 50#", "src/checkout/pay.ts", "pay", "http"},
		{"UnhandledRejection", "Non-Error promise rejection captured with value: Timeout", "src/search/suggest.ts", "suggest", ""},
		{"SecurityError", "Blocked a frame with origin from accessing a cross-origin frame", "src/widgets/embed.ts", "mount", ""},
		{"InvalidStateError", "Session # is not open", "src/checkout/session.ts", "resume", ""},
	},
	"go": {
		{"panic", "runtime error: index out of range [#] with length #", "ledger/book.go", "(*Book).entry", ""},
		{"panic", "runtime error: invalid memory address or nil pointer dereference", "gateway/card.go", "(*Card).authorize", ""},
		{"*errors.errorString", "context deadline exceeded", "gateway/client.go", "(*Client).do", "http.server"},
		{"*pgconn.PgError", "ERROR: deadlock detected (SQLSTATE 40P01)", "ledger/store.go", "(*Store).post", "db"},
		{"*pgconn.PgError", "ERROR: duplicate key value violates unique constraint \"entries_pkey\" (SQLSTATE 23505)", "ledger/store.go", "(*Store).post", "db"},
		{"*net.OpError", "dial tcp 10.4.0.#:5432: connect: connection refused", "ledger/store.go", "open", "db"},
		{"*url.Error", "Post \"https://acquirer.example.net/v#/charge\": EOF", "gateway/acquirer.go", "(*Acquirer).charge", "http.client"},
		{"*json.SyntaxError", "invalid character '<' looking for beginning of value", "gateway/acquirer.go", "decode", ""},
		{"*payouts.BalanceError", "payout # is larger than the balance", "payouts/pay.go", "(*Run).pay", "payouts"},
		{"*tls.CertificateVerificationError", "x509: certificate has expired or is not yet valid", "gateway/client.go", "(*Client).do", "http.client"},
		{"*strconv.NumError", "strconv.ParseInt: parsing \"#,00\": invalid syntax", "payouts/amount.go", "parse", ""},
		{"*kafka.Error", "message # is too large for the broker", "ledger/events.go", "(*Writer).send", "kafka"},
	},
	"java": {
		{"NullPointerException", "Attempt to invoke virtual method on a null object reference", "android/app/CartFragment.kt", "onResume", ""},
		{"IllegalStateException", "Fragment CartFragment not attached to a context", "android/app/CartFragment.kt", "requireContext", ""},
		{"ApplicationNotResponding", "Background ANR", "android/app/MainActivity.kt", "onCreate", ""},
		{"OutOfMemoryError", "Failed to allocate a #00000 byte allocation", "shared/images.kt", "decode", ""},
		{"SocketTimeoutException", "timeout after #000 ms", "shared/api.kt", "call", "okhttp"},
		{"UnknownHostException", "Unable to resolve host \"api.example.org\"", "shared/api.kt", "call", "okhttp"},
		{"SQLiteDiskIOException", "disk I/O error (code #)", "shared/cache.kt", "write", "db"},
		{"EXC_BAD_ACCESS", "Attempted to dereference garbage pointer at 0x#0", "ios/Cart.swift", "reload", ""},
		{"WatchdogTermination", "The OS watchdog terminated your app", "ios/App.swift", "main", ""},
		{"Fatal error", "Unexpectedly found nil while unwrapping an Optional value", "ios/Checkout.swift", "pay", ""},
		{"JsonDataException", "Required value 'total' missing at $.orders[#]", "shared/json.kt", "parse", ""},
		{"BillingException", "Service disconnected (code #)", "android/app/Billing.kt", "connect", "billing"},
	},
	"python": {
		{"IntegrityError", "duplicate key value violates unique constraint \"receipts_pkey\"", "receipts/store.py", "save", "django.request"},
		{"OperationalError", "server closed the connection unexpectedly", "receipts/store.py", "connect", "django.db"},
		{"KeyError", "'vat_#'", "receipts/render.py", "totals", ""},
		{"ConnectionError", "HTTPSConnectionPool(host='ofd.example.net', port=443): Max retries exceeded", "receipts/send.py", "send", "urllib3"},
		{"UnicodeDecodeError", "'utf-8' codec can't decode byte 0x# in position #", "receipts/parse.py", "read", ""},
		{"TimeoutError", "request timed out after #s", "receipts/send.py", "send", "celery"},
		{"ValueError", "invalid literal for int() with base 10: '#,00'", "receipts/parse.py", "amount", ""},
		{"SoftTimeLimitExceeded", "task # took too long", "receipts/tasks.py", "render_all", "celery"},
		{"TemplateDoesNotExist", "receipt_v#.html", "receipts/render.py", "render", "django.request"},
		{"MemoryError", "", "receipts/render.py", "render_all", ""},
	},
	"scripts": {
		{"FileNotFoundError", "[Errno 2] No such file or directory: '/backups/db-#.dump'", "backup/restore.py", "restore", ""},
		{"CalledProcessError", "Command 'pg_dump' returned non-zero exit status #.", "backup/dump.py", "dump", "backup"},
		{"OperationalError", "FATAL: remaining connection slots are reserved", "databases/check.py", "connect", ""},
		{"ConnectionRefusedError", "[Errno 111] Connection refused to 10.4.#.9", "network/probe.py", "probe", "probe"},
		{"SSLCertVerificationError", "certificate has expired", "network/probe.py", "probe", "probe"},
		{"AssertionError", "the replica is # minutes behind", "databases/check.py", "lag", ""},
		{"OSError", "[Errno 28] No space left on device", "backup/dump.py", "dump", "backup"},
		{"gaierror", "[Errno -2] Name or service not known", "network/dns.py", "resolve", ""},
	},
}

// called is what a group is called by.
func (g *errGroup) called() *errTitle { return &errTitles[g.p.titles()][g.title] }

// titles are those of its kind; scripts have no users and others.
func (p *errProject) titles() string {
	if p.slug == "operations" {
		return "scripts"
	}
	return p.kind
}

// text of a title; the numbers are the group's.
func (g *errGroup) text() (kind, value string) {
	t := g.called()
	n := g.seed >> 20
	var b strings.Builder
	for i := range len(t.value) {
		if t.value[i] != '#' {
			b.WriteByte(t.value[i])
			continue
		}
		b.WriteString(strconv.Itoa(int(1 + n%40)))
		n >>= 6
	}
	return t.kind, b.String()
}

// shortBase are the digits of short ids, without letters that look like others.
const shortBase = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// short is the id that people use.
func (g *errGroup) short() string {
	digits := ""
	for n := g.seq; n > 0; n /= len(shortBase) {
		digits = shortBase[n%len(shortBase):][:1] + digits
	}
	return strings.ToUpper(g.p.slug) + "-" + digits
}
