import { chromium } from 'playwright-core';
import { mkdirSync } from 'node:fs';
import { buildPages, openPanel } from '/work/main/test/webview/panelPage.ts';
import { fixtures } from '/work/main/test/webview/runs.ts';
import { themes } from '/work/main/test/webview/themes.ts';
import { changedKeys, scoreRows } from '/work/main/src/core/compare.ts';
const slices=async(page:any,name:string)=>{const h=await page.evaluate(()=>document.documentElement.scrollHeight);const w=await page.evaluate(()=>innerWidth);for(let y=0,i=0;y<h;y+=1100,i++)await page.screenshot({path:`/tmp/s/${name}-${i}.png`,fullPage:true,caret:'initial',clip:{x:0,y,width:w,height:Math.min(1100,h-y)}})};mkdirSync('/tmp/s',{recursive:true});
const out='/work/main/test-results/webview'; mkdirSync(out,{recursive:true});
const b=await chromium.launch({executablePath:'/usr/bin/chromium',args:['--no-sandbox','--disable-gpu']});
const bundles=await buildPages();
const only=process.argv[2]?.split(',')??Object.keys(fixtures);
const th=(process.argv[3]?.split(',')??Object.keys(themes)) as (keyof typeof themes)[];
const ws=(process.argv[4]?.split(',')??['600','1000']).map(Number);
for(const t of th) for(const w of ws){
  for(const n of only){
    if(n==='compare'){
      const p=await openPanel(b,bundles,'comparePanel.js',{theme:t,width:w});
      const runs=['finished','fixed alpha','sum','running'].map(k=>fixtures[k]!().view);
      await p.post({runs,changed:changedKeys(runs.map(r=>r.config)),scores:scoreRows(runs.map(r=>r.run))});
      await p.page.screenshot({path:`${out}/compare-${t}-${w}.png`,fullPage:true,caret:'initial'});
      await slices(p.page,`compare-${t}-${w}`);
      if(p.problems.length) console.log('compare',t,w,p.problems);
      await p.page.close(); continue;
    }
    const p=await openPanel(b,bundles,'runPanel.js',{theme:t,width:w});
    await p.page.clock.setFixedTime((fixtures[n]!().view.run.lastTime??Date.now())+2700); await p.post(fixtures[n]!().view); if(process.env.OPEN) await p.page.evaluate(()=>{for(const d of document.querySelectorAll('details'))d.open=true}); if(process.env.OPEN) await p.page.waitForTimeout(100);
    await p.page.screenshot({path:`${out}/${n.replace(/ /g,'-')}-${t}-${w}.png`,fullPage:true,caret:'initial'});
    await slices(p.page,`${n.replace(/ /g,'-')}-${t}-${w}`);
    const over=await p.page.evaluate(()=>document.documentElement.scrollWidth>innerWidth);
    if(p.problems.length||over) console.log(n,t,w,over,p.problems);
    await p.page.close();
  }
}
await b.close();
