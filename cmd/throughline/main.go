// Throughline shows how work flows, from the issue to the deployment. This
// command wires the parts together and does nothing else.
package main

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones on machines that have none

	"throughline/internal/source"
	"throughline/internal/source/ci"
	"throughline/internal/source/github"
	"throughline/internal/source/jira"
	"throughline/internal/source/sentry"
	"throughline/internal/source/series"
	"throughline/internal/source/tracker"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// kinds are the sources there are. A new one is a line here.
func kinds() []source.Kind {
	return []source.Kind{
		tracker.Kind(),
		github.Kind(),
		sentry.Kind(),
		jira.Kind(),
		ci.Kind(),
		series.Kind(),
	}
}

// commands are the subcommands; the first is run when none is named.
func commands() []command {
	return []command{
		{name: "serve", summary: "web server and background worker (the default)", define: simple(serve)},
		{name: "demo", summary: "the same on made-up data that is thrown away at the end", define: simple(demo)},
		{name: "sync", summary: "sync what is due, once, in the foreground", define: defineSync},
		{name: "user", summary: "add users, set passwords, list who there is", sub: userCommands()},
		{name: "check", summary: "try the configuration, the data directory and every connection; changes nothing", define: simple(check)},
		{
			name: "backup", summary: "copy all that the data directory holds into one file, beside a running server or without",
			args: []argument{{name: "FILE", usage: "the file to write, outside of the data directory at best"}}, define: defineBackup,
		},
		{
			name: "restore", summary: "put a backup in the place of what the data directory holds; the server must be stopped",
			args: []argument{{name: "FILE", usage: "the file that backup wrote"}}, define: defineRestore,
		},
		{
			name: "import-env", summary: "take over the settings of tracker-exporter or sentry-prometheus-exporter, beside a running server or without",
			args: []argument{{name: "FILE", usage: "its .env file"}}, define: defineImportEnv,
		},
		{
			name: "import-dora", summary: "take over the settings of dora-exporter and what it counted, beside a running server or without",
			args: []argument{{name: "FILE", usage: "its config.yml, its snapshot (dora-exporter.prom), or both; the snapshot is looked for where the config says it is", more: true}}, define: defineImportDora,
		},
		{name: "store", summary: "copy facts from one store to another", sub: storeCommands()},
		{name: "healthcheck", summary: "ask a running server whether it is alive", define: simple(healthcheck)},
		{name: "version", summary: "say what this binary is", define: simple(printVersion)},
	}
}

// simple is a command without flags.
func simple(a action) func(*flag.FlagSet) action {
	return func(*flag.FlagSet) action { return a }
}
