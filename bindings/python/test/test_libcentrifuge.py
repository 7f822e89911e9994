"""The package against a real server, with the collector at work as often as it can be."""
import asyncio
import contextlib
import functools
import gc
import io
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import weakref

import libcentrifuge
from libcentrifuge import Backend, Client, Error

SERVER = os.environ['CENTRIFUGED']
SECRET = 'secret'
NAMESPACE = {'publish': True, 'presence': True, 'join_leave': True, 'history_size': 10, 'history_lifetime': 600, 'recover': True}
CONFIG = {'secret': SECRET, 'address': '127.0.0.1', 'connection_lifetime': 3, 'namespaces': [{'name': 'chat', **NAMESPACE}, {'name': 'silent'}]}


def setUpModule():
    gc.set_threshold(1, 1, 1)
    global folder, process, address
    folder = tempfile.TemporaryDirectory()
    pathlib.Path(folder.name, 'config.json').write_text(json.dumps(CONFIG))
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    address = f'http://127.0.0.1:{port}'
    environment = {name: value for name, value in os.environ.items() if name not in ('LD_PRELOAD', 'CENTRIFUGED')}
    process = subprocess.Popen([SERVER, '-c', folder.name + '/config.json', '-p', str(port)], stdout=subprocess.DEVNULL, env=environment)
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port)):
            return
        time.sleep(0.02)


def tearDownModule():
    process.terminate()
    process.wait()
    folder.cleanup()


def credentials(user):
    now = str(int(time.time()))
    return {'user': user, 'timestamp': now, 'token': libcentrifuge.token(SECRET, user, now)}


def make(user='42', **options):
    return Client(address.replace('http', 'ws'), **{**credentials(user), **options})


def backend():
    return Backend(address, secret=SECRET)


def until(condition):
    while not condition():
        time.sleep(0.01)


class Calls(unittest.TestCase):
    def test_messages_joins_and_calls(self):
        told = []
        client = make()
        subscription = client.subscribe('chat:calls', lambda event: told.append(('message', event.data, event.user)),
                                        join=lambda event: told.append(('join', event.user, event.data['client'] == event.client)))
        subscription.publish({'text': 'grüße'}, lambda result: told.append(('published', result.code)))
        subscription.presence(lambda result: told.append(('presence', [person['user'] for person in result.data.values()])))
        subscription.history(lambda result: (told.append(('history', [message['data'] for message in result.data])), client.disconnect()))
        client.connect()
        client.run()
        self.assertEqual(told, [('join', '42', True), ('message', {'text': 'grüße'}, '42'), ('published', 'OK'), ('presence', ['42']),
                                ('history', [{'text': 'grüße'}])])

    def test_the_history_first_and_each_message_once(self):
        backend().publish('chat:once', 1)
        backend().publish('chat:once', 2)
        told = []
        with make() as client:
            subscription = client.subscribe('chat:once', lambda event: told.append((event.data, event.history)))
            subscription.catch_up(lambda result: backend().publish('chat:once', 3))
            client.connect()
            while len(told) < 3:
                client.wait()
        self.assertEqual(told, [(1, True), (2, True), (3, False)])

    def test_a_private_channel_and_new_credentials(self):
        told = []

        def authorize(body, answer):
            answer({channel: {'sign': libcentrifuge.sign(SECRET, body['client'], channel)} for channel in body['channels']})

        def refresh(answer):
            told.append('refresh')
            answer(credentials('42'))
            client.stop()
        client = make(authorize=authorize, refresh=refresh)
        client.subscribe('$chat:private', subscribe=lambda event: told.append(event.channel))
        client.connect()
        client.run()
        self.assertEqual(told, ['$chat:private', 'refresh'])
        client.destroy()

    def test_the_last_answers_are_waited_for(self):
        told = []
        with make() as client:
            subscription = client.subscribe('chat:drain')
            for number in range(100):
                subscription.publish(number, lambda result: told.append(result.code))
            client.connect()
            client.drain(600, lambda event: told.append((event.code, event.left)))
            with self.assertRaises(Error) as caught:
                subscription.publish('more')
            client.run()
        self.assertEqual(caught.exception.code, 'DRAINING')
        self.assertEqual(told, ['OK'] * 100 + [('OK', 0)])

    def test_a_call_has_a_time_of_its_own(self):
        told = []
        with make() as client:
            subscription = client.subscribe('chat:late')
            for call in (functools.partial(subscription.publish, 1), subscription.presence, subscription.history, subscription.ready):
                call(lambda result: told.append(result.code), timeout=0.0001)
            with self.assertRaises(Error) as caught:
                subscription.publish(1, timeout=-1)
            while len(told) < 4:
                client.wait()
        self.assertEqual(caught.exception.code, 'INVALID_ARGUMENT')
        self.assertEqual(told, ['TIMEOUT'] * 4)

    def test_what_the_server_refuses(self):
        told = []
        with make() as client:
            subscription = client.subscribe('nowhere:x', error=lambda event: told.append((event.code, event.text, event.advice)))
            subscription.ready(lambda result: (told.append(result.code), client.stop()))
            client.connect()
            client.run()
        self.assertEqual(told, [('REFUSED', 'namespace not found', 'fix'), 'REFUSED'])

    def test_the_api_of_a_backend(self):
        with self.assertRaises(Error) as caught:
            Backend(address, secret='wrong').channels()
        self.assertEqual(caught.exception.code, 'HTTP_STATUS')
        backend().broadcast(['chat:a', 'chat:b'], {'n': 1})
        self.assertEqual([message['data'] for message in backend().history('chat:b')], [{'n': 1}])
        self.assertEqual(backend().presence('chat:b'), {})


class Mistakes(unittest.TestCase):
    def test_options(self):
        with self.assertRaisesRegex(TypeError, "no option 'insecur'"):
            make(insecur=True)
        with self.assertRaisesRegex(TypeError, "option 'retry'"):
            make(retry='soon')
        with self.assertRaisesRegex(Error, "option 'retry'") as caught:
            make(retry=-1)
        self.assertEqual(caught.exception.code, 'INVALID_OPTION')
        make(headers={'X-Shop': '7'}).destroy()

    def test_events(self):
        with make() as client, self.assertRaisesRegex(ValueError, "no event 'conect', but connect, "):
            client.on('conect', print)

    def test_after_the_end(self):
        client = make()
        subscription = client.subscribe('chat:end')
        subscription.remove()
        for use in (subscription.publish, subscription.remove):
            with self.assertRaises(Error) as caught:
                use(*([1] if use == subscription.publish else []))
            self.assertEqual(caught.exception.code, 'CLOSED')
        client.destroy()
        client.destroy()
        with self.assertRaises(Error):
            client.connect()

    def test_what_a_handler_raises_ends_the_loop_and_nothing_else(self):
        told = []
        with make() as client:
            client.on('connect', lambda event: 1 / 0)
            client.on('connect', lambda event: told.append('connect'))
            client.subscribe('chat:raise', subscribe=lambda event: (told.append('subscribe'), client.disconnect()))
            client.connect()
            with self.assertRaises(ZeroDivisionError):
                client.run()
            client.run()
        self.assertEqual(told, ['connect', 'subscribe'])


class Ends(unittest.TestCase):
    def connected(self, channel):
        client = make()
        client.subscribe(channel, subscribe=lambda event: client_of(event, weak).stop())
        weak = weakref.ref(client)
        client.connect()
        client.run()
        return client

    def test_a_client_that_nobody_refers_to_leaves(self):
        client = self.connected('chat:left')
        self.assertEqual(len(backend().presence('chat:left')), 1)
        weak = weakref.ref(client)
        del client
        gc.collect()
        self.assertIsNone(weak())
        until(lambda: backend().presence('chat:left') == {})

    def test_the_collector_may_run_in_any_thread(self):
        clients = [self.connected('chat:thread')]
        thread = threading.Thread(target=clients.clear)
        thread.start()
        thread.join()
        gc.collect()
        until(lambda: backend().presence('chat:thread') == {})

    def test_a_call_does_not_keep_its_client(self):
        told = []
        client = make()
        client.subscribe('chat:waiting').publish(1, lambda result: told.append(result.code))
        del client
        gc.collect()
        self.assertEqual(told, ['CLOSED'])
        self.assertEqual(libcentrifuge._calls, {})

    def test_an_end_within_a_handler(self):
        client = make()
        client.subscribe('chat:inside', subscribe=lambda event: client.destroy())
        client.connect()
        client.run()
        with self.assertRaises(Error):
            client.run()

    def test_what_is_raised_behind_the_end_is_printed(self):
        client = make()
        client.subscribe('chat:late').publish(1, lambda result: 1 / 0)
        with contextlib.redirect_stderr(io.StringIO()) as printed:
            client.destroy()
        self.assertIn('ZeroDivisionError', printed.getvalue())


def client_of(_, weak):
    return weak()


class Loops(unittest.TestCase):
    def test_asyncio(self):
        told = []

        async def main():
            client = make()
            serving = asyncio.ensure_future(client.serve())
            subscription = client.subscribe('chat:async', lambda event: told.append(event.data))
            client.connect()
            await subscription.publish('one')
            told.append(sorted(person['user'] for person in (await subscription.presence()).values()))
            with self.assertRaises(Error) as caught:
                await client.subscribe('silent:x').presence()
            told.append((str(caught.exception), caught.exception.advice))
            told.append(await client.drain(600))
            client.destroy()
            client = None
            await asyncio.wait_for(serving, 120)
        asyncio.run(main())
        self.assertEqual(told, ['one', ['42'], ('not available', 'retry'), 0])

    def test_what_a_handler_raises_in_asyncio(self):
        async def main():
            client = make()
            client.on('connect', lambda event: 1 / 0)
            client.connect()
            with self.assertRaises(ZeroDivisionError):
                await client.serve()
            client.destroy()
        asyncio.run(main())


if __name__ == '__main__':
    unittest.main()
