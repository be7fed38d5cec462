package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"throughline/internal/config"
	"throughline/internal/control"
)

// userCommands work beside a running server: they open the control database
// only, and do not lock the data directory.
func userCommands() []command {
	email := []argument{{name: "EMAIL", usage: "the address that the user signs in with"}}
	return []command{
		{name: "add", summary: "add a user, or print a link to become one", args: email, define: defineUserAdd},
		{name: "passwd", summary: "set a user's password and end their sessions", args: email, define: simple(userPasswd)},
		{name: "list", summary: "list users and open invitations", define: simple(userList)},
	}
}

func defineUserAdd(flags *flag.FlagSet) action {
	role := flags.String("role", string(control.Viewer), "what the user may do, a `ROLE` of viewer (look), lead (settings of own teams), admin (everything)")
	invite := flags.Bool("invite", false, "print a link by which the user chooses the password, instead of asking for one")
	return func(ctx context.Context, p program) error {
		return userAdd(ctx, p, p.args[0], control.Role(*role), *invite)
	}
}

func userAdd(ctx context.Context, p program, email string, role control.Role, invite bool) (err error) {
	if !slices.Contains(control.Roles(), role) {
		return &usageError{fmt.Errorf("user add: --role: %q is none of viewer, lead, admin", role)}
	}
	cfg, db, err := openControl(ctx, p, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if invite {
		token, i, err := db.Invite(ctx, email, role, time.Now())
		if err != nil {
			return userError("user add", err)
		}
		say(p.stderr, "%s becomes %s by this link, which is good for one use until %s:\n",
			i.Email, i.Role, i.ExpiresAt.Local().Format(time.DateTime))
		say(p.stdout, "%s/invite?token=%s\n", baseURL(cfg), token)
		if cfg.BaseURL == nil {
			say(p.stderr, "Its address is a guess: set %sBASE_URL to the one that people see, or change it in the link.\n", config.Prefix)
		}
		return nil
	}
	if err := db.CheckNewUser(ctx, email, role); err != nil { // before anybody types a password
		return userError("user add", err)
	}
	password, err := readPassword(ctx, p)
	if err != nil {
		return err
	}
	u, err := db.AddUser(ctx, email, role, password)
	if err != nil {
		return userError("user add", err)
	}
	say(p.stdout, "%s can sign in as %s\n", u.Email, u.Role)
	return nil
}

func userPasswd(ctx context.Context, p program) (err error) {
	_, db, err := openControl(ctx, p, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	known, err := db.Users(ctx)
	if err != nil {
		return err
	}
	email := strings.ToLower(strings.TrimSpace(p.args[0]))
	if !slices.ContainsFunc(known, func(u control.User) bool { return u.Email == email }) {
		return &usageError{fmt.Errorf("user passwd: there is no user %q; see throughline user list", p.args[0])}
	}
	password, err := readPassword(ctx, p)
	if err != nil {
		return err
	}
	u, err := db.SetPasswordOf(ctx, email, password, time.Now())
	if err != nil {
		return userError("user passwd", err)
	}
	say(p.stdout, "%s has a new password; all their sessions are ended\n", u.Email)
	return nil
}

func userList(ctx context.Context, p program) (err error) {
	_, db, err := openControl(ctx, p, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	users, err := db.Users(ctx)
	if err != nil {
		return err
	}
	invites, err := db.Invites(ctx)
	if err != nil {
		return err
	}
	if len(users)+len(invites) == 0 {
		say(p.stdout, "there are no users yet\n")
		return nil
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	say(table, "EMAIL\tROLE\tSINCE\tLAST SEEN\n")
	for _, u := range users {
		say(table, "%s\t%s\t%s\t%s\n", u.Email, u.Role, minute(u.CreatedAt), minute(u.LastSeenAt))
	}
	for _, i := range invites {
		state := "invited until "
		if !time.Now().Before(i.ExpiresAt) {
			state = "invitation expired "
		}
		say(table, "%s\t%s\t-\t%s\n", i.Email, i.Role, state+minute(i.ExpiresAt))
	}
	return table.Flush()
}

// minute is a moment for people at a terminal, "never" when there was none.
func minute(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04")
}

// userError makes mistakes of whoever typed them usage errors.
func userError(command string, err error) error {
	if errors.Is(err, control.ErrNoAdmin) {
		return &usageError{fmt.Errorf("%s: %w: add --role admin", command, err)}
	}
	if _, ok := errors.AsType[*control.FieldError](err); ok {
		return &usageError{fmt.Errorf("%s: %s", command, strings.ReplaceAll(err.Error(), "\n", "; "))}
	}
	return err
}

// openControl opens the control database and nothing else. Unless it may be
// made, it must be there.
func openControl(ctx context.Context, p program, create bool) (config.Config, *control.DB, error) {
	cfg, err := readConfig(p.environ)
	if err != nil {
		return cfg, nil, configError(err)
	}
	if err := settled(cfg.DataDir); err != nil {
		return cfg, nil, err
	}
	path := filepath.Join(cfg.DataDir, controlFile)
	if create {
		err = os.MkdirAll(cfg.DataDir, 0o700)
	} else if _, err = os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no database in it yet: %s", cfg.DataDir)
	}
	if err != nil {
		return cfg, nil, fmt.Errorf("data directory: %w", err)
	}
	db, err := control.Open(ctx, path, nil) // nothing sealed is opened or stored here
	return cfg, db, err
}

// baseURL is where browsers find the server, without a slash at the end, as far
// as the configuration knows.
func baseURL(cfg config.Config) string {
	if cfg.BaseURL != nil {
		return strings.TrimRight(cfg.BaseURL.String(), "/")
	}
	host, port, err := net.SplitHostPort(cfg.Addr)
	if ip := net.ParseIP(host); err != nil || host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}
