package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Names, addresses, telephone numbers and passwords stand nowhere but in what was
// asked for to show them: not in what any command prints, not in errors, logs,
// metrics, lineage, manifests or the report, also when the columns of a file have
// shifted.
func TestIdentifiersStayInside(t *testing.T) {
	shop := filepath.Join(t.TempDir(), "shop")
	for name, text := range map[string]string{
		"clientele.yaml": `sources:
  - {name: members, kind: customers, path: members.csv}
  - {name: shop, kind: orders, path: orders*.csv}
metrics: metrics.prom
lineage: lineage.jsonl
`,
		"broken.yaml": `sources:
  - {name: far, kind: orders, connect: "postgres://zzuser@127.0.0.1:1/shop", table: orders, password_env: ZZPASSWORD}
`,
		"open.yaml": `sources:
  - {name: far, kind: orders, connect: "postgres://zzuser:zzsecret@127.0.0.1:1/shop", table: orders}
`,
		"members.csv": `customer_id,name,email,phone,address,email_consent,birth_date,city,note
C1,Zzmark Lee,zzmark1@mark.example,+8613800138111,12 Zzmark Road,yes,1990-01-01,Paris,zzmark note
C2,王zzmark,zzmark-no-address,zzmarkphone,北京市 zzmark 路 1 号,yes,Zzmark Lee,Paris,x
C3,Zzmark Lee,zzmark1@mark.example,13800138111,12 Zzmark Road,13800138111,zzmark3@mark.example,Paris,x
C4,Zzmark Lee,zzmark4@mark.example,138001381119999,12 Zzmark Road,no,13800138111,Paris,x
`,
		"orders.csv": `order_id,customer_id,name,email,phone,date,amount
1,C1,Zzmark Lee,zzmark1@mark.example,13800138111,2024-01-05,10
2,C1,Zzmark Lee,zzmark1@mark.example,13800138111,2024-02-05,10
3,C2,zzmark2@mark.example,13800138111,2024-01-06,Zzmark Lee,12 Zzmark Road
4,,Zzmark Lee,zzmark5@mark.example,,zzmark6@mark.example,10
5,,Zzmark Lee,zzmark-bad,zzmark-bad,2024-01-06,13800138111zzmark
6,,Zzmark,zzmark7@mark.example,,2024-01-07,15,Zzmark,too many
`,
		"orders2.csv": "order_id,customer_id,date,amount,status\n7,C1,2024-03-05,10,zzmark8@mark.example\n",
		"orders3.csv": "zzmark9@mark.example,13800138111,Zzmark Lee\n1,2,3\n",
	} {
		if err := os.MkdirAll(shop, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(shop, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	marks := regexp.MustCompile(`(?i)zzmark|zzsecret|13800138111|zzpasswordvalue`)
	said := 0
	try := func(args ...string) {
		t.Helper()
		var out, errOut bytes.Buffer
		cmd := child(t, append([]string{"-C", shop}, args...)...)
		cmd.Stdout, cmd.Stderr = &out, &errOut
		cmd.Env = append(cmd.Env, "ZZPASSWORD=zzpasswordvalue")
		_ = cmd.Run() // many of them are to fail
		said += errOut.Len()
		for where, text := range map[string]string{"prints": out.String(), "says": errOut.String()} {
			if at := marks.FindStringIndex(text); at != nil {
				t.Errorf("clientele %s %s: %s", strings.Join(args, " "), where, text[max(0, at[0]-60):min(len(text), at[1]+60)])
			}
		}
	}
	try("run")
	try("run", "--log", "json")
	try("run", "-v")
	try("ingest", "customers", filepath.Join(shop, "members.csv"), "--allow-rejects")
	try("ingest", "orders", filepath.Join(shop, "orders.csv"), "--allow-rejects", "--source", "again")
	try("ingest", "auto", shop, "--log", "json")
	try("score")
	for _, words := range []string{
		"batches", "check", "segment list", "segment show active", "campaign list", "list list", "backtest", "models list", "models show", "survival", "moves", "clusters", "verify", "doctor", "runs", "reconcile",
		"rebuild --allow-rejects", "target --where", "target --where orders>=1 --channel email --control 0 --to " + filepath.Join(shop, "list.csv"), "list show 2024-02-05-1 --removed", "rollback 1", "report --to " + filepath.Join(shop, "r.html"),
	} {
		try(strings.Fields(words)...)
	}
	for _, config := range []string{"broken.yaml", "open.yaml"} {
		if err := os.Rename(filepath.Join(shop, config), filepath.Join(shop, "clientele.yaml")); err != nil {
			t.Fatal(err)
		}
		try("run")
		try("run", "--log", "json")
		try("doctor")
	}
	if said < 1000 {
		t.Errorf("the commands said only %d bytes: the test proves little", said)
	}
	for _, path := range written(t, shop) {
		if at := marks.Find(read(t, shop, path)); at != nil {
			t.Errorf("%s holds %s", path, at)
		}
	}
}

// written are the files that others are meant to read: of runs, metrics, lineage, the
// report.
func written(t *testing.T, shop string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(shop, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		relative, err := filepath.Rel(shop, path)
		if strings.HasPrefix(relative, "exports") || strings.HasPrefix(relative, "lists") || strings.HasSuffix(relative, ".prom") || strings.HasSuffix(relative, ".jsonl") || strings.HasSuffix(relative, ".html") {
			found = append(found, relative)
		}
		return err
	})
	if err != nil || len(found) < 8 {
		t.Fatalf("found %v, %v", found, fmt.Sprint(err))
	}
	return found
}
