package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"clientele/engine/config"
	"clientele/engine/internal/duck"
	"clientele/engine/workspace"
)

// The states of a finding.
const (
	FindingOK   = "ok"
	FindingWarn = "warn" // somebody should look; the nightly job works
	FindingFail = "fail" // the nightly job does not work, or soon will not
)

// Finding is what one look at a workspace found, in both languages, and what to do.
type Finding struct {
	Check   string `json:"check"` // what was looked at
	CheckZh string `json:"check_zh"`
	State   string `json:"state"` // FindingOK, FindingWarn or FindingFail
	En      string `json:"en"`
	Zh      string `json:"zh"`
	DoEn    string `json:"do_en,omitempty"`
	DoZh    string `json:"do_zh,omitempty"`
}

// checkWordZh is the Chinese name of what was looked at.
func checkWordZh(check string) string {
	if name, ok := strings.CutPrefix(check, "source "); ok {
		return "来源 " + name
	}
	return map[string]string{
		"configuration": "配置", "workspace": "工作区", "permissions": "权限", "lock": "锁", "leftovers": "残留文件", "write-ahead log": "预写日志",
		"store": "数据库", "current run": "当前结果", "space": "磁盘空间", "limits": "系统限制", "memory": "内存", "time zone": "时区", "clock": "时钟",
		"sources": "来源", "files": "其他文件", "metrics": "指标文件", "lineage": "血缘文件", "fonts": "字体",
	}[check]
}

// Diagnose looks at a workspace from outside: everything that the nightly job
// needs, whether or not the workspace can be opened. It changes nothing.
func Diagnose(ctx context.Context, dir string, now time.Time, version string, getenv func(string) string) []Finding {
	d := &doctor{ctx: ctx}
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		d.fail("workspace", "there is no such folder: "+dir, "没有这个文件夹："+dir, "clientele init "+dir+" makes one", "用 clientele init "+dir+" 新建")
		return d.found
	}
	cfg, err := config.ReadOrDefault(filepath.Join(dir, workspace.ConfigName))
	d.configuration(dir, err)
	if err != nil {
		cfg = config.Default()
	}
	d.Engine = &Engine{Dir: dir, Config: cfg, Version: version, Now: now, Getenv: getenv}
	looks := []func(){d.folder, d.permissions, d.lock, d.leftovers, d.log, d.current, d.space, d.limits}
	if err == nil { // what the defaults say of the rest would mislead
		looks = append(looks, d.store, d.memory, d.zoneData, d.clock, d.sources, d.files, d.outputs, d.fonts)
	}
	for _, look := range looks {
		look()
	}
	return d.found
}

// doctor is a diagnosis under way.
type doctor struct {
	*Engine
	ctx   context.Context
	held  bool // somebody is changing the workspace
	found []Finding
}

func (d *doctor) ok(check, en, zh string) {
	d.found = append(d.found, Finding{Check: check, CheckZh: checkWordZh(check), State: FindingOK, En: en, Zh: zh})
}

func (d *doctor) warn(check, en, zh, doEn, doZh string) {
	d.found = append(d.found, Finding{check, checkWordZh(check), FindingWarn, en, zh, doEn, doZh})
}

func (d *doctor) fail(check, en, zh, doEn, doZh string) {
	d.found = append(d.found, Finding{check, checkWordZh(check), FindingFail, en, zh, doEn, doZh})
}

func (d *doctor) configuration(dir string, err error) {
	path := filepath.Join(dir, workspace.ConfigName)
	_, there := os.Lstat(path)
	switch {
	case err != nil:
		d.fail("configuration", err.Error(), err.Error(), "mend that line; clientele init in another folder shows every setting", "修改该行；在其他文件夹运行 clientele init 可查看全部设置")
	case errors.Is(there, fs.ErrNotExist):
		d.warn("configuration", "there is no "+workspace.ConfigName+": the defaults hold, and clientele run has nothing to load", "没有 "+workspace.ConfigName+"：使用默认设置，clientele run 没有数据可载入",
			"clientele init, then name the sources", "运行 clientele init，再填写 sources")
	default:
		d.ok("configuration", path+" can be read", path+" 可以读取")
	}
}

// folder makes sure that files can be made, by the rights, without making one.
func (d *doctor) folder() {
	if err := unix.Access(d.Dir, unix.W_OK|unix.X_OK|unix.R_OK); err != nil {
		d.fail("workspace", fmt.Sprintf("%s cannot be written by this user (%v)", d.Dir, err), fmt.Sprintf("当前用户不能写入 %s（%v）", d.Dir, err),
			"run as the owner of the folder, or give this user the right to write", "以文件夹所有者身份运行，或授予写入权限")
		return
	}
	d.ok("workspace", d.Dir+" can be written", d.Dir+" 可以写入")
}

// permissions: stores and exports hold people's data.
func (d *doctor) permissions() {
	var open []string
	if info, err := os.Stat(d.Dir); err == nil && info.Mode().Perm()&0o077 == 0 {
		d.ok("permissions", "nobody but the owner can enter the workspace", "只有所有者可以进入工作区")
		return
	}
	for _, name := range []string{workspace.StoreName, workspace.KeyName, workspace.ExportsName, workspace.ListsName} {
		if info, err := os.Stat(d.path(name)); err == nil && info.Mode().Perm()&0o077 != 0 {
			open = append(open, name)
		}
	}
	if len(open) == 0 {
		d.ok("permissions", "nobody but the owner can read what the workspace holds", "只有所有者可以读取工作区的内容")
		return
	}
	d.warn("permissions", "others than the owner can read "+strings.Join(open, ", "), "所有者以外的用户可以读取 "+strings.Join(open, "、"),
		"chmod -R go-rwx "+d.Dir, "chmod -R go-rwx "+d.Dir)
}

// lock finds out who changes the workspace, if anybody does.
func (d *doctor) lock() {
	f, err := os.Open(d.path(workspace.LockName))
	if err == nil {
		defer f.Close()
		err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) // given back with the file
	}
	if err != unix.EWOULDBLOCK {
		d.ok("lock", "nobody is changing the workspace", "没有进程正在修改工作区")
		return
	}
	d.held = true
	who, whoZh := "another process", "另一个进程"
	text, _ := os.ReadFile(d.path(workspace.LockName))
	if pid, since, ok := strings.Cut(strings.TrimSpace(string(text)), " "); ok {
		who, whoZh = fmt.Sprintf("process %s since %s", pid, since), fmt.Sprintf("进程 %s，自 %s 起", pid, since)
	}
	d.warn("lock", d.path(workspace.LockName)+" is held by "+who, d.path(workspace.LockName)+" 被占用："+whoZh,
		"wait until it has finished; ps tells whether it is at work", "等待其完成；可用 ps 查看该进程")
}

// leftovers are what killed processes have not cleared away.
func (d *doctor) leftovers() {
	var left []string
	for _, pattern := range []string{".private-*", ".spill-*", "exports/.unfinished-*", "exports/.link-*", "lists/.*"} {
		found, _ := filepath.Glob(d.path(pattern))
		left = append(left, found...)
	}
	switch {
	case len(left) == 0:
		d.ok("leftovers", "nothing unfinished lies about", "没有未完成的残留文件")
	case d.held:
		d.ok("leftovers", "what is unfinished belongs to the process that holds the lock", "未完成的文件属于正在运行的进程")
	default:
		d.warn("leftovers", "a process was killed or is reading, and left "+strings.Join(left, ", "), "有进程被终止（或正在读取），留下了 "+strings.Join(left, "、"),
			"nothing: the next command that changes the workspace clears them", "无需处理：下一条修改工作区的命令会清除")
	}
}

func (d *doctor) log() {
	path := d.path(workspace.StoreName + ".wal")
	if _, err := os.Lstat(path); err == nil {
		d.fail("write-ahead log", path+" lies beside the store: another program has opened the store for writing", path+" 位于数据库旁：有其他程序以写方式打开了它",
			"close that program; if the file stays, move it away", "关闭该程序；若文件仍在，请移走")
		return
	}
	d.ok("write-ahead log", "none lies beside the store", "数据库旁没有残留的日志文件")
}

func (d *doctor) store() {
	_, err := workspace.Store(d.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		d.warn("store", "nothing is loaded yet", "尚未载入任何数据", "clientele run", "clientele run")
		return
	}
	if err == nil {
		err = d.read(d.ctx, func(*duck.DB) error { return nil })
	}
	if err != nil {
		d.fail("store", err.Error(), "无法使用："+err.Error(), "do as the message says; clientele rebuild loads the sources again", "按提示处理；clientele rebuild 可从来源重新载入")
		return
	}
	d.ok("store", fmt.Sprintf("%s is of schema %d, which this program knows; clientele verify compares its bytes", workspace.StoreName, schemaVersion),
		fmt.Sprintf("%s 的结构版本为 %d，与本程序一致；逐字节核对请用 clientele verify", workspace.StoreName, schemaVersion))
}

// current looks at the run that readers get, by its sizes; clientele verify reads it.
func (d *doctor) current() {
	run, err := workspace.OpenRun(d.Dir, workspace.CurrentName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.warn("current run", "no run is published yet", "尚未发布任何结果", "clientele run", "clientele run")
	case err != nil || !d.whole(run.AsOf):
		d.fail("current run", "exports/current is not as it was published", "exports/current 与发布时不一致", "clientele run --again", "clientele run --again")
	default:
		d.ok("current run", "as of "+run.AsOf+", with all of its files, of the right sizes; clientele verify compares their bytes", "统计日 "+run.AsOf+"，文件齐全且大小无误；逐字节核对请用 clientele verify")
	}
}

// spaceNeeded is what a night needs at most, in bytes: a copy of the store that
// grows by a tenth, a second run, and something to spill.
func (d *doctor) spaceNeeded() int64 {
	need := int64(64 << 20)
	if info, err := os.Stat(d.path(workspace.StoreName)); err == nil {
		need += info.Size() + info.Size()/10
	}
	if run, err := workspace.OpenRun(d.Dir, workspace.CurrentName); err == nil {
		for _, f := range run.Manifest.Files {
			need += f.Bytes
		}
	}
	return need
}

func (d *doctor) space() {
	need := d.spaceNeeded()
	free, err := workspace.Free(d.Dir)
	if err != nil {
		d.warn("space", "the free space of the disk is not known: "+err.Error(), "无法得知磁盘剩余空间："+err.Error(), "df tells it", "可用 df 查看")
		return
	}
	en := fmt.Sprintf("%s free, and a night needs about %s", sizeText(free), sizeText(need))
	zh := fmt.Sprintf("剩余 %s，一次运行约需 %s", sizeText(free), sizeText(need))
	doEn, doZh := "make room, or set keep so that old runs go", "清理磁盘，或设置 keep 删除旧结果"
	switch {
	case free < need:
		d.fail("space", en, zh, doEn, doZh)
	case free < 2*need:
		d.warn("space", en, zh, doEn, doZh)
	default:
		d.ok("space", en, zh)
	}
}

// sizeText is a number of bytes for people.
func sizeText(n int64) string {
	if n < 1<<30 {
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

// limits are those of the shell or of the service manager.
func (d *doctor) limits() {
	var files, size unix.Rlimit
	info, _ := os.Stat(d.path(workspace.StoreName))
	if unix.Getrlimit(unix.RLIMIT_FSIZE, &size) == nil && info != nil && size.Cur < uint64(info.Size())*2 {
		d.fail("limits", "the system limits files to "+sizeText(int64(size.Cur))+", and the store has "+sizeText(info.Size()), "系统限制文件不超过 "+sizeText(int64(size.Cur))+"，而数据库已有 "+sizeText(info.Size()),
			"ulimit -f unlimited, or LimitFSIZE=infinity of the service", "ulimit -f unlimited，或在服务中设置 LimitFSIZE=infinity")
		return
	}
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil && files.Cur < 256 {
		d.warn("limits", fmt.Sprintf("a process may have %d files open", files.Cur), fmt.Sprintf("进程最多只能打开 %d 个文件", files.Cur), "ulimit -n 1024", "ulimit -n 1024")
		return
	}
	d.ok("limits", "the system's limits on files are wide enough", "系统对文件的限制足够宽")
}

func (d *doctor) memory() {
	machine, limit := machineMemory(), d.Memory()
	en := fmt.Sprintf("the limit is %s of %s", sizeText(limit), sizeText(machine))
	zh := fmt.Sprintf("上限 %s，本机 %s", sizeText(limit), sizeText(machine))
	if limit > machine*9/10 {
		d.fail("memory", en, zh, "set resources.memory to three quarters of the machine or less", "把 resources.memory 设为本机内存的四分之三以下")
		return
	}
	d.ok("memory", en, zh)
}

// zoneData compares what Go and DuckDB know of the business time zone.
func (d *doctor) zoneData() {
	zone, err := d.Config.Zone()
	if err != nil {
		return // an error of the configuration, which is told
	}
	noon := time.Date(d.Now.Year(), 7, 1, 12, 0, 0, 0, zone)
	var hour int64
	db, err := duck.Open(d.ctx, "", duck.Options{Threads: 1, Zone: d.Config.Timezone})
	if err == nil {
		err = db.Row(d.ctx, []any{&hour}, "SELECT hour(CAST('"+noon.UTC().Format("2006-01-02 15:04:05")+"+00' AS TIMESTAMPTZ))")
		err = errors.Join(err, db.Close())
	}
	if err != nil || hour != 12 {
		d.fail("time zone", fmt.Sprintf("the store does not know %s as it is (%d o'clock for noon): orders would fall on wrong days", d.Config.Timezone, hour),
			fmt.Sprintf("数据库中的时区 %s 与实际不符（正午显示为 %d 点）：订单会归到错误的日期", d.Config.Timezone, hour), "use a program with newer time zone data", "使用带有较新时区数据的程序版本")
		return
	}
	d.ok("time zone", fmt.Sprintf("%s, where it is %s now; the data of time zones comes with the program", d.Config.Timezone, d.Now.In(zone).Format("2006-01-02 15:04")),
		fmt.Sprintf("%s，当地时间 %s；时区数据随程序提供", d.Config.Timezone, d.Now.In(zone).Format("2006-01-02 15:04")))
}

// clock: the day of the machine decides what today is and what lies in the future.
func (d *doctor) clock() {
	doEn, doZh := "set the clock (timedatectl)", "校准时钟（timedatectl）"
	if last := d.readState().LastSuccess; last.After(d.Now.Add(time.Minute)) {
		d.fail("clock", fmt.Sprintf("it is %s, and the last run was at %s, later", d.Now.UTC().Format(time.RFC3339), last.UTC().Format(time.RFC3339)),
			fmt.Sprintf("当前时间 %s 早于上次运行时间 %s", d.Now.UTC().Format(time.RFC3339), last.UTC().Format(time.RFC3339)), doEn, doZh)
		return
	}
	zone, err := d.zone()
	if err != nil {
		return
	}
	today := DayOf(d.Now.In(zone))
	var last Day
	err = d.read(d.ctx, func(db *duck.DB) (err error) {
		_, last, err = factDays(d.ctx, db)
		return err
	})
	if err == nil && last > today {
		d.warn("clock", fmt.Sprintf("the newest fact is of %v, and today is %v", last, today), fmt.Sprintf("最新数据的日期为 %v，而今天是 %v", last, today),
			"look at the clock and at timezone; a day ahead may be another time zone's", "检查时钟与 timezone；早一天可能是其他时区的数据")
		return
	}
	d.ok("clock", "today is "+today.String()+", and no fact is of a later day", "今天是 "+today.String()+"，没有更晚的数据")
}

// sources: what the nightly job reads is there, and can be read.
func (d *doctor) sources() {
	if len(d.Config.Sources) == 0 {
		d.warn("sources", workspace.ConfigName+" names none: clientele run has nothing to load", workspace.ConfigName+" 未设置来源：clientele run 没有数据可载入", "name them under sources", "在 sources 中填写")
		return
	}
	for _, s := range d.Config.Sources {
		name := "source " + s.Name
		if s.Connect != "" {
			d.password(name, s)
			continue
		}
		files, err := d.Engine.files(Loading{Source: s})
		if err != nil {
			d.fail(name, Scrub(err.Error()), "找不到文件："+Scrub(err.Error()), "mend the path, or wait for the export", "修改 path，或等待导出文件")
			continue
		}
		unread := slices.DeleteFunc(files, func(f sourceFile) bool { return unix.Access(f.file, unix.R_OK) == nil })
		if len(unread) > 0 {
			d.fail(name, "cannot be read by this user: "+unread[0].file, "当前用户不能读取："+unread[0].file, "give this user the right to read", "授予读取权限")
			continue
		}
		d.ok(name, fmt.Sprintf("files: %d", len(files)), fmt.Sprintf("%d 个文件", len(files)))
	}
}

// password makes sure that the password of a database can be had. It is not tried.
func (d *doctor) password(name string, s config.Source) {
	if s.PasswordEnv != "" && (d.Getenv == nil || d.Getenv(s.PasswordEnv) == "") {
		d.fail(name, "the environment variable "+s.PasswordEnv+" is not set", "环境变量 "+s.PasswordEnv+" 未设置", "set it where the nightly job is started (Environment= or EnvironmentFile= of the service)", "在启动任务处设置（服务的 Environment= 或 EnvironmentFile=）")
		return
	}
	if s.PasswordFile != "" {
		path := d.place(Loading{}, s.PasswordFile)
		info, err := os.Stat(path)
		if err != nil || unix.Access(path, unix.R_OK) != nil {
			d.fail(name, "the file of the password cannot be read: "+path, "无法读取密码文件："+path, "make it, readable by this user alone", "建立该文件，仅允许当前用户读取")
			return
		}
		if info.Mode().Perm()&0o077 != 0 {
			d.warn(name, "others can read the file of the password: "+path, "其他用户可以读取密码文件："+path, "chmod 600 "+path, "chmod 600 "+path)
			return
		}
	}
	d.ok(name, "a database; that it answers is not tried", "数据库；未尝试连接")
}

// files are those that settings name beside the sources.
func (d *doctor) files() {
	var missing []string
	for _, path := range slices.Concat([]string{d.Config.Rates}, d.Config.Identity.Links, d.Config.Models.Frozen, d.Config.Contact.Suppress) {
		if path == "" {
			continue
		}
		if path = d.place(Loading{}, path); unix.Access(path, unix.R_OK) != nil {
			missing = append(missing, path)
		}
	}
	if len(missing) > 0 {
		d.fail("files", "cannot be read: "+strings.Join(missing, ", "), "无法读取："+strings.Join(missing, "、"), "bring them, or take them out of "+workspace.ConfigName, "补上文件，或从 "+workspace.ConfigName+" 中删去")
		return
	}
	d.ok("files", "every other file that settings name can be read", "设置中提到的其他文件都可以读取")
}

// outputs are the files that other programs read.
func (d *doctor) outputs() {
	for _, o := range []struct{ name, path string }{{"metrics", d.Config.Metrics}, {"lineage", d.Config.Lineage}} {
		if o.path == "" {
			continue
		}
		folder := filepath.Dir(d.place(Loading{}, o.path))
		if err := unix.Access(folder, unix.W_OK|unix.X_OK); err != nil {
			d.fail(o.name, fmt.Sprintf("%s cannot be written (%v)", folder, err), fmt.Sprintf("无法写入 %s（%v）", folder, err), "make the folder, writable by this user", "建立该文件夹并授予写入权限")
			continue
		}
		d.ok(o.name, folder+" can be written", folder+" 可以写入")
	}
}

// fonts: the program draws nothing itself. The report is HTML, which leaves fonts
// to the reader's browser; only Chinese needs one that not every machine has.
func (d *doctor) fonts() {
	if !slices.Contains(d.Config.Output.Reports, "zh") {
		d.ok("fonts", "none are needed", "无需字体")
		return
	}
	if path := chineseFont(); path != "" {
		d.ok("fonts", "the report leaves fonts to the browser of who reads it; this machine has one for Chinese: "+path, "报告使用读者浏览器的字体；本机有中文字体："+path)
		return
	}
	d.ok("fonts", "the report leaves fonts to the browser of who reads it; who reads Chinese on this machine needs a font such as fonts-noto-cjk", "报告使用读者浏览器的字体；若在本机阅读中文报告，需安装 fonts-noto-cjk 等字体")
}

// chineseFont is a font of this machine that has Chinese, "" when none is found.
func chineseFont() string {
	names := []string{"cjk", "wqy", "sourcehan", "source-han", "notosanssc", "notoserifsc", "droidsansfallback", "pingfang", "heiti", "songti", "uming", "ukai", "simsun", "msyh"}
	found := ""
	for _, root := range []string{"/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts"} {
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return nil // a folder that cannot be read has no font for us
			}
			name := strings.ToLower(entry.Name())
			if slices.ContainsFunc(names, func(n string) bool { return strings.Contains(name, n) }) {
				found = path
				return fs.SkipAll
			}
			return nil
		})
	}
	return found
}
