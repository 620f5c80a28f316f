package main

import (
	"context"
	"errors"
	"syscall"

	"github.com/spf13/cobra"

	"clientele/engine"
)

// The exit statuses. What starts the command every night depends on them: a
// number never changes its meaning.
const (
	exitFailed  = 1   // nothing is half-written
	exitUsage   = 2   // mistakes in the words of the command
	exitRefused = 3   // data problems over the limit; the rest was done
	exitLocked  = 4   // another process is changing the workspace
	exitStorage = 5   // the system could not write or read
	exitHeld    = 6   // a gate of the data held the publication back
	exitSignal  = 128 // and the number of the signal: 130 SIGINT, 143 SIGTERM
)

// exitStatus is the exit status that an error stands for.
func exitStatus(err error) int {
	var stop stopped
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &stop):
		return exitSignal + int(stop.signal)
	case errors.Is(err, context.Canceled):
		return exitSignal + int(syscall.SIGINT)
	case errors.Is(err, engine.ErrHeld):
		return exitHeld
	case aboutData(err):
		return exitRefused
	case errors.As(err, &usage):
		return exitUsage
	case engine.Locked(err):
		return exitLocked
	case engine.StorageFailure(err) != nil:
		return exitStorage
	}
	return exitFailed
}

// ended is the error of a command: where something stopped it, that is why, in place
// of how the interrupted work words it.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// newExitStatus is a page of help.
func newExitStatus() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-status",
		Short: "What the exit status of a command means 退出状态",
		Long: `The exit status of every command:

  0    done
  1    failed; nothing is half-written
  2    a mistake in the words of the command or in a flag; nothing was begun
  3    done, but the data has problems: a file was refused, a check of severity error failed, or
       totals differ; what was good is loaded and published
  4    another process is changing the workspace; nothing was begun: try again later
  5    the system could not write or read (disk full, quota, limit on sizes, broken disk): the
       message names the path; nothing is half-written
  6    a gate of the data (gates in clientele.yaml) held the publication back: the facts are loaded,
       the run of before stays current
  130  stopped by SIGINT (Ctrl-C); nothing is half-written
  143  stopped by SIGTERM; nothing is half-written

After 1, 4, 5, 130 and 143, running again does what is left. 3 and 6 need somebody who looks at
the data, 2 somebody who mends the command.

各命令的退出状态：

  0    完成
  1    失败；不会留下写了一半的东西
  2    命令或参数有误；什么都没有开始
  3    已完成，但数据有问题：文件被拒收、error 级检查未通过或合计不符；其余数据已载入并发布
  4    另一个进程正在修改工作区；什么都没有开始，稍后再试
  5    系统无法读写（磁盘已满、配额、文件大小限制、磁盘故障）：信息中有路径；不会留下写了一半的东西
  6    数据关卡（clientele.yaml 的 gates）拦住了发布：数据已载入，当前结果仍是上一次的
  130  被 SIGINT（Ctrl-C）中断；不会留下写了一半的东西
  143  被 SIGTERM 中断；不会留下写了一半的东西

1、4、5、130、143 之后再次运行即可补完剩下的工作；3 和 6 需要有人查看数据，2 需要修改命令。`,
		Example: `  clientele exit-status
  clientele -C /data/shop run || [ $? -eq 3 ]     a warning about the data is no failure of the night`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
}
