// A login page as a team might have it, and the development server that it comes from. What the page asks of the platform
// the server passes on to the sandbox, as Vite's server.proxy or webpack's devServer.proxy does.
const http = require('node:http');

const page = `<!doctype html>
<meta charset="utf-8">
<title>Log in</title>
<form id="send">
	<label>Phone number <input name="mobile"></label>
	<img alt="picture"><label>Characters in the picture <input name="img_code"></label>
	<button>Send code</button>
</form>
<form id="login">
	<label>Code <input name="code"></label>
	<button>Log in</button>
</form>
<p role="status"></p>
<script type="module">
	const [send, login] = document.forms;
	const say = (text) => { document.querySelector('p').textContent = text; };
	let picture;

	async function ask(operation, params) {
		const answer = await fetch('/oauth/api/account/' + operation, {
			method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify(params),
			signal: AbortSignal.timeout(2000),
		});
		const { code, msg, data } = await answer.json();
		if (code !== '000') throw Object.assign(new Error(msg), { platform: code });
		return data;
	}

	async function newPicture() {
		picture = await ask('getImgCode', {});
		document.querySelector('img').src = picture.img;
		document.querySelector('img').dataset.id = picture.img_code_id;
	}

	async function attempt(work) {
		try {
			say(await work());
		} catch (failure) {
			if (failure.platform) say('No: ' + failure.message + ' ' + failure.platform);
			else if (failure.name === 'TimeoutError') say('The platform does not answer. If an SMS comes, use its code.');
			else say('Something went wrong on the way. If an SMS comes, use its code.');
		}
	}

	send.onsubmit = (event) => {
		event.preventDefault();
		attempt(async () => {
			await ask('sendSmsCode', {
				mobile: send.mobile.value, img_code_id: picture.img_code_id, img_code: send.img_code.value, sms_type: 'LOGIN',
			});
			return 'Sent.';
		});
	};
	login.onsubmit = (event) => {
		event.preventDefault();
		attempt(async () => {
			const { open_id } = await ask('loginByMobileCode', { mobile: send.mobile.value, code: login.code.value, sms_type: 'LOGIN' });
			return 'Welcome, ' + open_id;
		});
	};
	newPicture();
</script>`;

// serve starts a server whose platform is a space of the sandbox.
exports.serve = async function serve(space) {
	const server = http.createServer((request, response) => {
		if (!request.url.startsWith('/oauth/')) {
			response.setHeader('Content-Type', 'text/html; charset=utf-8');
			response.end(page);
			return;
		}
		const headers = { ...request.headers, host: new URL(space).host };
		const onward = http.request(space + request.url, { method: request.method, headers }, (answer) => {
			response.writeHead(answer.statusCode, answer.headers);
			answer.pipe(response);
		});
		// A browser would repeat a POST whose connection breaks, so servers of this kind answer in place of the platform.
		onward.on('error', () => { if (!response.headersSent) response.writeHead(502).end(); });
		response.on('close', () => onward.destroy());
		request.pipe(onward);
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${server.address().port}/`,
		close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
	};
};
