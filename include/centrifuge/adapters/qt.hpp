/*
 * A client in the event loop of a Qt thread (QtCore of Qt 6 or 5.15, no moc):
 *
 *     centrifuge_qt loop;
 *     loop.attach(&options);
 *     centrifuge_client_new(&loop.client, &options);
 *
 * The object stays until the client is destroyed, and belongs to the thread that made it. examples/qt.cpp is complete.
 */
#ifndef CENTRIFUGE_ADAPTERS_QT_HPP
#define CENTRIFUGE_ADAPTERS_QT_HPP

#include <QCoreApplication>
#include <QMap>
#include <QSocketNotifier>
#include <QTimer>

#include <centrifuge/client.h>

class centrifuge_qt
{
  public:
    centrifuge_client *client = nullptr; /* set by centrifuge_client_new */

    centrifuge_qt()
    {
        timer.setSingleShot(true);
        timer.setTimerType(Qt::PreciseTimer);
        QObject::connect(&timer, &QTimer::timeout, [this] { centrifuge_client_timer_expired(client); });
    }
    Q_DISABLE_COPY(centrifuge_qt)

    /* Sets the loop's three members of `options`, for one centrifuge_client_new. */
    void attach(centrifuge_options *options)
    {
        options->loop_watch = on_watch;
        options->loop_timer = on_timer;
        options->loop_user = this;
    }

  private:
    /* By its event in place of its signal: no moc. */
    class notifier : public QSocketNotifier
    {
      public:
        notifier(centrifuge_qt *its_owner, centrifuge_socket its_socket, int its_events)
            : QSocketNotifier(static_cast<qintptr>(its_socket), its_events == CENTRIFUGE_READABLE ? Read : Write),
              owner(its_owner), watched(its_socket), events(its_events)
        {
        }

        bool event(QEvent *told) override
        {
            if (told->type() == QEvent::SockAct)
                centrifuge_client_socket_ready(owner->client, watched, events);
            return told->type() == QEvent::SockAct || QSocketNotifier::event(told);
        }

      private:
        centrifuge_qt *owner;
        centrifuge_socket watched;
        int events;
    };

    typedef QMap<centrifuge_socket, notifier *> notifiers;
    QTimer timer;
    notifiers readers, writers;

    /* It may be the one that is telling of its socket. */
    void watch(notifiers &all, centrifuge_socket socket, int events, bool wanted)
    {
        if (wanted == all.contains(socket))
            return;
        if (wanted) {
            all.insert(socket, new notifier(this, socket, events));
        } else {
            all.value(socket)->setEnabled(false);
            all.take(socket)->deleteLater();
        }
    }

    static void on_watch(void *user, centrifuge_socket socket, int events)
    {
        centrifuge_qt *self = static_cast<centrifuge_qt *>(user);
        self->watch(self->readers, socket, CENTRIFUGE_READABLE, (events & CENTRIFUGE_READABLE) != 0);
        self->watch(self->writers, socket, CENTRIFUGE_WRITABLE, (events & CENTRIFUGE_WRITABLE) != 0);
    }

    static void on_timer(void *user, int64_t milliseconds)
    {
        centrifuge_qt *self = static_cast<centrifuge_qt *>(user);
        if (milliseconds < 0)
            self->timer.stop();
        else
            self->timer.start(static_cast<int>(milliseconds < 1000000000 ? milliseconds : 1000000000));
    }
};

#endif
