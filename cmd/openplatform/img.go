package main

import (
	"context"
	"errors"
	"flag"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/picture"
)

const imgUsage = `openplatform img fetches a picture code, draws it in the terminal and saves it as a file. Its exit status is that of
openplatform call GetImgCode.

`

// imgOptions are the flags of openplatform img.
type imgOptions struct {
	target
	yes bool
}

func (o *imgOptions) flags() flags {
	f := newFlags("openplatform img", clientPrefix)
	o.target.flags(f)
	f.BoolVar(&o.yes, "yes", false, yesUsage)
	return f
}

func runImg(ctx context.Context, env environment, args []string) (exit int) {
	var o imgOptions
	f := o.flags()
	if err := f.parse(args, env.getenv); errors.Is(err, flag.ErrHelp) {
		printf(env.stdout, imgUsage)
		f.printFlags(env.stdout)
		return exitOK
	} else if err != nil {
		return complain(env, f, err)
	}
	client, err := o.client()
	if err != nil {
		return complain(env, f, err)
	}
	defer client.CloseIdleConnections()
	if err := o.consent(o.yes); err != nil {
		return complain(env, f, err)
	}
	resp, err := client.GetImgCode(ctx)
	if err != nil {
		printf(env.stderr, "%v\n", err)
		return exitOf(openplatform.OutcomeOf(err))
	}
	if err := show(env, resp.Data); err != nil {
		printf(env.stderr, "openplatform img: %v\n", err)
		return exitError
	}
	return exitOK
}

// show draws a picture, saves it, and says what to do next.
func show(env environment, img openplatform.ImgCode) error {
	data, mediaType, err := img.Picture()
	if err != nil {
		return err
	}
	if drawing, err := picture.Draw(data); err != nil {
		printf(env.stdout, "The picture cannot be drawn here: %v.\n\n", err)
	} else {
		printf(env.stdout, "%s\n\n", drawing)
	}
	path, err := picture.Save(data, mediaType)
	if err != nil {
		return err
	}
	printf(env.stdout, "file         %s\nimg_code_id  %s\n", path, printable(img.ImgCodeID))
	printf(env.stdout, "\nto use it    openplatform call SendSmsCode -img-code-id %s -sms-type LOGIN\n", printable(img.ImgCodeID))
	return nil
}
