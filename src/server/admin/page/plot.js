/* Small plots of values over time. */

const KEPT = 120; // values: six minutes
const NAMESPACE = 'http://www.w3.org/2000/svg';

function shape(name, attributes) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/* A figure with the last value in words, and its `add`. `format` writes a value. */
export class Plot {
  constructor(title, format) {
    this.values = [];
    this.format = format;
    this.number = document.createElement('strong');
    const viewBox = `0 0 ${KEPT - 1} 100`;
    this.svg = shape('svg', { class: 'plot', viewBox, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    this.area = this.svg.appendChild(shape('path', { class: 'area' }));
    this.line = this.svg.appendChild(shape('path', { class: 'line' }));
    const caption = document.createElement('figcaption');
    caption.append(title, ' ', this.number);
    this.figure = document.createElement('figure');
    this.figure.append(caption, this.svg);
  }

  add(value) {
    this.values.push(value);
    if (this.values.length > KEPT) this.values.shift();
    this.number.textContent = this.format(value);
    this.draw();
  }

  /* From 0, to a little above the largest; the newest value stands at the right. */
  draw() {
    const top = Math.max(...this.values, 1) * 1.1;
    const first = KEPT - this.values.length;
    const points = this.values.map((value, i) => `${first + i},${(100 - value / top * 100).toFixed(2)}`);
    this.line.setAttribute('d', 'M' + points.join('L'));
    this.area.setAttribute('d', `M${first},100L${points.join('L')}L${KEPT - 1},100Z`);
  }
}
